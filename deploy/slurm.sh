#!/usr/bin/env bash
# One sweep on a Slurm allocation: sbatch deploy/slurm.sh sweeps/full_paper.toml
#
# After a time limit or a failure, submit it again: it continues from the checkpoints.
#SBATCH --job-name=gensweep
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --gpus-per-node=4
#SBATCH --exclusive
#SBATCH --time=24:00:00
#SBATCH --signal=B:TERM@120
set -euo pipefail

sweep=${1:?usage: sbatch deploy/slurm.sh SWEEP.toml}
results=${GENSWEEP_RESULTS:-$PWD/results} # a folder that all nodes share, or s3://BUCKET/PREFIX
bin=${GENSWEEP_BIN:-$PWD/.venv/bin}

# This script runs on the first node, which is Ray's head. Each job uses its own port.
head=$SLURMD_NODENAME
others=$((SLURM_JOB_NUM_NODES - 1))
address=$(hostname --ip-address | awk '{print $1}'):$((20000 + SLURM_JOB_ID % 10000))
resources=(--num-cpus="$SLURM_CPUS_PER_TASK" --num-gpus="${SLURM_GPUS_ON_NODE:-0}" --disable-usage-stats --block)
export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK # srun does not inherit it from sbatch

# Anyone who can reach a Ray cluster can run code on it, so this one requires a token of this job.
RAY_AUTH_TOKEN=$("$bin/python" -c 'import secrets; print(secrets.token_hex(32))')
export RAY_AUTH_TOKEN RAY_AUTH_MODE=token

srun --nodes=1 --ntasks=1 --nodelist="$head" --overlap \
  "$bin/ray" start --head --node-ip-address="${address%:*}" --port="${address#*:}" "${resources[@]}" &
until (: <"/dev/tcp/${address%:*}/${address#*:}") 2>/dev/null; do sleep 1; done
if ((others > 0)); then
  srun --nodes="$others" --ntasks="$others" --exclude="$head" --overlap \
    "$bin/ray" start --address="$address" "${resources[@]}" &
fi
for _ in {1..60}; do # a launch checks the nodes that exist when it starts, so wait for them
  (($("$bin/ray" status --address="$address" 2>/dev/null | grep -c ' node_') > others)) && break
  sleep 2
done

# Slurm sends SIGTERM two minutes before the time limit; the launch saves its trials and stops.
"$bin/gensweep" launch "$sweep" --address "$address" --results "$results" &
launch=$!
trap 'kill -TERM "$launch"' TERM
until wait "$launch" && code=0 || { code=$?; ! kill -0 "$launch" 2>/dev/null; }; do
  : # the signal interrupted the wait; the launch is still saving its trials
done
exit "$code"
