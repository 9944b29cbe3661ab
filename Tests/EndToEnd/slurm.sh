#!/bin/bash
# Runs attributions on a real Slurm: one controller and one node on this machine, an array of 8 tasks of which one is told to
# put itself back into the queue and one is killed, merged and compared with a single process, byte for byte.
# Run by hand, as root, on Debian or Ubuntu, after dotnet build Tools/onnxedit -c Release: Tests/EndToEnd/slurm.sh
# Installs slurm-wlm and munge if they are missing; stops what it started and removes what it wrote.
set -euo pipefail

[ "$(id -u)" = 0 ] || { echo "slurm.sh has to be run as root: it starts slurmctld and slurmd." >&2; exit 2; }
root=$(cd "$(dirname "$0")/../.." && pwd)
built=$root/Tools/onnxedit/bin/Release/net10.0
[ -f "$built/onnxedit.dll" ] || { echo "There is no $built/onnxedit.dll; build it with dotnet build Tools/onnxedit -c Release." >&2; exit 2; }
if ! { command -v slurmctld && command -v slurmd && command -v munged; } > /dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slurm-wlm munge > /dev/null
fi

work=$(mktemp -d /tmp/onnxedit-slurm-XXXXXX)
chmod 755 "$work"
# A copy, so that a build meanwhile does no harm.
cp -r "$built" "$work/program"
onnxedit() { dotnet exec "$work/program/onnxedit.dll" "$@"; }
export SLURM_CONF=$work/slurm.conf
pids=()
job=
finish() {
    code=$?
    trap - EXIT
    set +e
    # Tasks first: their shepherds end only while the daemons are there to be told.
    if [ -n "$job" ]; then
        scancel "$job"
        for ((i = 0; i < 60; i++)); do
            [ -n "$(squeue --noheader --job "$job" 2> /dev/null)" ] || break
            sleep 0.5
        done
    fi
    [ "${#pids[@]}" = 0 ] || kill "${pids[@]}" 2> /dev/null
    for ((i = 0; i < 20; i++)); do
        [ -n "$(ps -o pid= -p "$(IFS=,; echo "${pids[*]:-0}")")" ] || break
        sleep 0.5
    done
    [ "${#pids[@]}" = 0 ] || kill -9 "${pids[@]}" 2> /dev/null
    if [ "$code" != 0 ]; then
        echo "failed; logs:" >&2
        tail -n 20 "$work"/*.log "$work"/out/* >&2
    fi
    rm -rf "$work"
    exit "$code"
}
trap finish EXIT
until_true() { # seconds, what for, command
    local seconds=$1 what=$2
    shift 2
    for ((i = 0; i < 2 * seconds; i++)); do
        if "$@" > /dev/null 2>&1; then return; fi
        sleep 0.5
    done
    echo "gave up waiting for $what" >&2
    return 1
}

# A key, a socket and ports of our own: a Slurm that runs here already is not touched.
mkdir "$work"/{munge,state,spool,out}
dd if=/dev/urandom of="$work/munge/key" bs=128 count=1 status=none
chmod 600 "$work/munge/key"
munged --foreground --force --socket="$work/munge/socket" --key-file="$work/munge/key" --pid-file="$work/munge/pid" \
    --seed-file="$work/munge/seed" --log-file="$work/munge.log" > /dev/null 2>&1 &
pids+=($!)
cat > "$SLURM_CONF" << END
ClusterName=onnxedit
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmUser=root
SlurmctldPort=16817
SlurmdPort=16818
AuthType=auth/munge
# A task that is put back waits until its credential is void.
AuthInfo=socket=$work/munge/socket,cred_expire=20
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
ReturnToService=2
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
until_true 20 munged munge --no-input --socket="$work/munge/socket"
slurmctld -D > "$work/slurmctld.out.log" 2>&1 &
pids+=($!)
slurmd -D > "$work/slurmd.out.log" 2>&1 &
pids+=($!)
idle() { [ "$(sinfo --noheader --format=%T)" = idle ]; }
until_true 60 "an idle node" idle
sinfo --version
sinfo

options=(--examples 64 --budget 6000 --chunk 60)
onnxedit sample "$work/demo" -q
onnxedit coar plan "$work/demo/model.onnx" "${options[@]}" -q -o "$work/run"
onnxedit coar submit "$work/run" --slurm --tasks 8 --time 10 -o "$work/run.sbatch"
job=$(sbatch --parsable --output="$work/out/%a" "$work/run.sbatch")
echo "submitted job $job, 8 tasks"

chunks() { find "$work/run/chunks" -name '*.safetensors' | wc -l; }
state() { scontrol --oneliner show job "${job}_$1" | grep -o 'JobState=[A-Z]*' | cut -d= -f2; }
# The process of a task whose command line has some words in it.
process() {
    local id
    id=$(scontrol --oneliner show job "${job}_$1" | grep -o '^JobId=[0-9]*' | cut -d= -f2)
    scontrol listpids "$id" "$(hostname -s)" | awk 'NR > 1 { print $1 }' | while read -r pid; do
        if tr '\0' ' ' < "/proc/$pid/cmdline" 2> /dev/null | grep -q "$2"; then echo "$pid"; fi
    done
}
is() { [ "$(state "$1")" = "$2" ]; }
has_made() { [ "$(find "$work/run/chunks" -name '*.safetensors' | sed 's/.*\/0*\([0-9]\)/\1/; s/\..*//' | awk -v task="$1" '$1 % 8 == task' | wc -l)" -ge 2 ]; }

until_true 120 "two chunks of task 0" has_made 0
# As Slurm does a minute before the time limit: to the shell alone.
kill -USR1 "$(process 0 slurm_script)"
echo "task 0: sent USR1 when $(chunks) chunks were there; it puts itself back into the queue"
restarted() { scontrol --oneliner show job "${job}_0" | grep -q 'Restarts=[1-9]'; }
until_true 60 "task 0 to be put back" restarted
echo "task 0: $(state 0), $(scontrol --oneliner show job "${job}_0" | grep -o 'Restarts=[0-9]*')"

until_true 300 "two chunks of task 3" has_made 3
victim=$(process 3 "onnxedit.dll coar sample")
kill -9 "$victim"
echo "task 3: killed its process when $(chunks) chunks were there"
until_true 60 "task 3 to fail" is 3 FAILED
echo "task 3: $(state 3); put back"
scontrol requeue "${job}_3"

ended() { ! squeue --noheader --job "$job" | grep -q .; }
until_true 900 "the job to end" ended
states=$(for task in 0 1 2 3 4 5 6 7; do state $task; done | sort | uniq -c | tr -s ' \n' ' ')
echo "all tasks ended:$states"
onnxedit coar merge "$work/run"
onnxedit coar fit "$work/run" -q -o "$work/array.safetensors" | tail -n 1
onnxedit coar "$work/demo/model.onnx" "${options[@]}" -q -o "$work/single.safetensors" | tail -n 1
cmp "$work/array.safetensors" "$work/single.safetensors"
echo "equal, byte for byte: $(sha256sum < "$work/single.safetensors" | cut -c1-16), $(stat -c %s "$work/single.safetensors") bytes"
