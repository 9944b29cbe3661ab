#!/bin/sh
# Packs the tool and the libraries into artifacts/packages, then installs the tool from there into a temporary folder
# and tries it. Usage: Tools/pack.sh [FOLDER]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
packages=${1:-$root/artifacts/packages}
mkdir -p "$packages"
packages=$(cd "$packages" && pwd)
cd "$root"
for project in Kernels OnnxSurgery Engine Tools/onnxedit; do
    dotnet pack "$project" -c Release -o "$packages" -v quiet
done
ls -l "$packages"

trial=$(mktemp -d)
trap 'rm -rf "$trial"' EXIT
version=$(sed -n 's/.*<Version>\(.*\)<\/Version>.*/\1/p' Directory.Build.props)
# A cache of its own: a package of the same version that was tried before must not be taken for this one.
NUGET_PACKAGES=$trial/cache dotnet tool install onnxedit --version "$version" --tool-path "$trial/tool" --source "$packages"
"$trial/tool/onnxedit" --version
"$trial/tool/onnxedit" --help > /dev/null
"$trial/tool/onnxedit" sample "$trial/demo" --quiet
"$trial/tool/onnxedit" eval "$trial/demo/model.onnx" --quiet
"$trial/tool/onnxedit" report "$trial/demo/model.onnx" --quiet
"$trial/tool/onnxedit" completion bash | grep -q 'complete -o filenames'
echo "the packed tool works"
