#!/bin/bash
# A search on SLURM: one Ray node on each of the job's nodes, and the search itself on the first.
#
# Edit what follows down to the line that says so, then `sbatch slurm.sh`. After a time limit or a crash, submit it
# again: it continues. Nodes need Python, Ray Tune and PyTorch in the versions of the first node, where packtune is
# installed too; one environment on a disk that all nodes share will do.
#
#SBATCH --job-name=packtune
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --time=04:00:00
#SBATCH --signal=B:TERM@120
# (The signal comes 120 seconds before the time limit; the search then ends so that it can be continued.)
# With GPUs, take one # away from the next line, and add --device cuda below:
##SBATCH --gpus-per-node=1

# source "$HOME/packtune/.venv/bin/activate"
name=wide-500
results="${SLURM_SUBMIT_DIR:-$PWD}/results"
# As many packs train at once as --lookahead says, if there are CPUs for them; the leaderboard depends on it.
search=(--data digits --space wide --trials 500 --lookahead 64)

# Nothing below needs editing.
set -euo pipefail

mapfile -t nodes < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
head_address="$(getent ahostsv4 "${nodes[0]}" | awk 'NR == 1 { print $1 }')"
# Above the ports that Ray gives its workers, below those that the system gives anyone.
port=$((20000 + SLURM_JOB_ID % 10000))
address="$head_address:$port"
# Nobody else on these nodes may give this cluster orders.
RAY_AUTH_MODE=token
RAY_AUTH_TOKEN="$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')"
export RAY_AUTH_MODE RAY_AUTH_TOKEN

steps=()
start_ray() { # node, options of `ray start`
    local node="$1"
    shift
    srun --nodes=1 --ntasks=1 --nodelist="$node" --cpus-per-task="$SLURM_CPUS_PER_TASK" \
        ray start --block --num-cpus="$SLURM_CPUS_PER_TASK" --num-gpus="${SLURM_GPUS_ON_NODE:-0}" \
        --disable-usage-stats --temp-dir="/tmp/ray-$SLURM_JOB_ID" "$@" &
    steps+=("$!")
}
stop_ray() {
    kill "${steps[@]}" 2>/dev/null || true
    wait "${steps[@]}" || true
}
trap stop_ray EXIT

start_ray "${nodes[0]}" --head --node-ip-address="$head_address" --port="$port" --include-dashboard=false
for ((tries = 0; tries < 120; tries++)); do
    if (: <"/dev/tcp/$head_address/$port") 2>/dev/null; then
        break
    fi
    kill -0 "${steps[0]}" || exit 1
    sleep 1
done
for node in "${nodes[@]:1}"; do
    start_ray "$node" --address="$address"
done

if [[ -e "$results/runs/$name" ]]; then
    packtune resume "$name" --results "$results" --address "$address" &
else
    packtune run --name "$name" "${search[@]}" --results "$results" --address "$address" &
fi
driver=$!
trap 'kill -TERM "$driver"' TERM
status=0
# A signal ends `wait`, not the search.
while kill -0 "$driver" 2>/dev/null; do
    status=0
    wait "$driver" || status=$?
done
exit "$status"
