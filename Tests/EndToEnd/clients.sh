#!/bin/bash
# Asks a server with clients that are not ours: curl (REST with JSON, REST with binary tensors, gzip) and Node's @grpc/grpc-js, and
# compares every answer with what ONNX Runtime gave locally when the version was deployed, bit for bit.
# Run by hand, after dotnet build Tools/onnxedit -c Release: Tests/EndToEnd/clients.sh [MODEL]
# Needs curl, node and npm, and fetches two packages from npm; stops what it started and removes what it wrote.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
built=$root/Tools/onnxedit/bin/Release/net10.0
[ -f "$built/onnxedit.dll" ] || { echo "There is no $built/onnxedit.dll; build it with dotnet build Tools/onnxedit -c Release." >&2; exit 2; }
onnxedit() { dotnet exec "$built/onnxedit.dll" "$@"; }
work=$(mktemp -d /tmp/onnxedit-clients-XXXXXX)
server=
finish() {
    code=$?
    trap - EXIT
    [ -z "$server" ] || { kill "$server" && wait "$server" || true; }
    rm -rf "$work"
    exit "$code"
}
trap finish EXIT

cd "$work"
if [ -n "${1:-}" ]; then cp "$(cd "$root" && realpath "$1")" model.onnx; else onnxedit sample sample -q > /dev/null && cp sample/model.onnx .; fi
onnxedit deploy model.onnx --to repo --name m --activate -q > deployed.txt
npm install --silent --no-audit --no-fund @grpc/grpc-js @grpc/proto-loader > npm.txt 2>&1 || { cat npm.txt >&2; exit 1; }
dotnet exec "$built/onnxedit.dll" serve repo --port 18000 --grpc-port 18001 -q > server.txt 2>&1 &
server=$!
for ((i = 0; i < 100; i++)); do curl -sf http://127.0.0.1:18000/v2/health/ready > /dev/null && break; sleep 0.1; done

# The request with binary tensors, from the stored one: JSON with sizes, then the bytes.
cat > bodies.js <<'JS'
const fs = require('fs');
const request = JSON.parse(fs.readFileSync('repo/m/1/golden-request.json'));
const [input] = request.inputs;
const bytes = Buffer.from(Float32Array.from(input.data.flat(Infinity)).buffer);
const json = Buffer.from(JSON.stringify({
    inputs: [{ name: input.name, shape: input.shape, datatype: input.datatype, parameters: { binary_data_size: bytes.length } }],
    parameters: { binary_data_output: true } }));
fs.writeFileSync('body.bin', Buffer.concat([json, bytes]));
fs.writeFileSync('body.length', String(json.length));
JS
node bodies.js

curl -sf -H 'Content-Type: application/json' --data-binary @repo/m/1/golden-request.json http://127.0.0.1:18000/v2/models/m/infer > answer.json
gzip -k -c repo/m/1/golden-request.json | curl -sf -H 'Content-Type: application/json' -H 'Content-Encoding: gzip' --data-binary @- http://127.0.0.1:18000/v2/models/m/infer > answer.gzip.json
curl -sf -D headers.txt -H "Inference-Header-Content-Length: $(cat body.length)" --data-binary @body.bin http://127.0.0.1:18000/v2/models/m/infer > answer.bin

cat > compare.js <<'JS'
const fs = require('fs');
const grpc = require('@grpc/grpc-js');
const definition = require('@grpc/proto-loader').loadSync(process.argv[2], { keepCase: true });
const stored = JSON.parse(fs.readFileSync('repo/m/1/golden-response.json')).outputs[0];
const expected = Buffer.from(Float32Array.from(stored.data.flat(Infinity)).buffer);
function check(what, bytes) {
    if (Buffer.compare(bytes, expected) !== 0) { console.error(`${what}: another answer`); process.exit(1); }
    console.log(`${what}: ${expected.length / 4} numbers, equal bit for bit`);
}
const json = file => Buffer.from(Float32Array.from(JSON.parse(fs.readFileSync(file)).outputs[0].data.flat(Infinity)).buffer);
check('curl, JSON', json('answer.json'));
check('curl, JSON, gzip', json('answer.gzip.json'));
const head = fs.readFileSync('headers.txt', 'utf8').match(/inference-header-content-length: (\d+)/i);
check('curl, binary tensors', fs.readFileSync('answer.bin').subarray(Number(head[1])));
const request = JSON.parse(fs.readFileSync('repo/m/1/golden-request.json')).inputs[0];
const service = new (grpc.loadPackageDefinition(definition).inference.GRPCInferenceService)('127.0.0.1:18001', grpc.credentials.createInsecure());
service.ModelInfer({
    model_name: 'm',
    inputs: [{ name: request.name, shape: request.shape, datatype: request.datatype }],
    raw_input_contents: [Buffer.from(Float32Array.from(request.data.flat(Infinity)).buffer)],
}, (error, answer) => {
    if (error) { console.error(`gRPC: ${error.message}`); process.exit(1); }
    check('@grpc/grpc-js', answer.raw_output_contents[0]);
    service.close();
});
JS
node compare.js "$root/Serving/Rpc/inference.proto"
