#!/bin/bash
# Slims every model of $ONNXEDIT_SHARED/models/zoo and has the official checker look at what is written, with shape inference.
# Run by hand, as root, on Debian or Ubuntu, after dotnet build Tools/onnxedit -c Release:
#   ONNXEDIT_SHARED=/path/to/shared Tests/EndToEnd/checker.sh
# Installs python3-onnx if it is missing. Ends with 1 where the checker objects to a slim model and not to its source.
set -euo pipefail

: "${ONNXEDIT_SHARED:?is not set; it names the folder with models/zoo.}"
root=$(cd "$(dirname "$0")/../.." && pwd)
program=$root/Tools/onnxedit/bin/Release/net10.0/onnxedit.dll
[ -f "$program" ] || { echo "There is no $program; build it with dotnet build Tools/onnxedit -c Release." >&2; exit 2; }
if ! /usr/bin/python3 -c 'import onnx' 2> /dev/null; then
    [ "$(id -u)" = 0 ] || { echo "python3-onnx is missing, and only root can install it." >&2; exit 2; }
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-onnx > /dev/null
fi

work=$(mktemp -d /tmp/onnxedit-checker-XXXXXX)
trap 'rm -rf "$work"' EXIT
# A word, and for all but "valid" the reason: valid, invalid, unknown (the checker is older than the file).
check() {
    /usr/bin/python3 - "$1" << 'END'
import sys, onnx
try:
    onnx.checker.check_model(sys.argv[1], full_check=True)
    print("valid")
except Exception as e:
    text = " ".join(str(e).split())
    newer = "ir_version is higher" in text or "higher than the checker" in text or "No Op registered" in text or "No opset import" in text
    print("unknown" if newer else "invalid", text[:300])
END
}

failed=0
checked=0
for model in "$ONNXEDIT_SHARED"/models/zoo/*.onnx; do
    name=$(basename "$model" .onnx)
    if ! dotnet exec "$program" slim "$model" --recovery none --sparsity 0.2 --data random:8 --align 1 -o "$work/$name.onnx" --force > "$work/log" 2>&1; then
        echo "$name: not slimmed ($(grep -m1 '^error' "$work/log" || tail -n 1 "$work/log"))"
        continue
    fi
    source=$(check "$model")
    slim=$(check "$work/$name.onnx")
    checked=$((checked + 1))
    echo "$name: ${slim:-no answer}$([ "${source%% *}" = valid ] || echo " (source: $source)")"
    if [ "${slim%% *}" = invalid ] && [ "${source%% *}" != invalid ]; then failed=$((failed + 1)); fi
    rm -f "$work/$name".*
done
echo "$checked slim models checked, $failed invalid"
[ "$checked" -gt 0 ] && [ "$failed" = 0 ]
