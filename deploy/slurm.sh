#!/usr/bin/env bash
# One sweep on a Slurm allocation: sbatch deploy/slurm.sh sweeps/full_paper.toml
#
# Run again after a time limit or a failure: it goes on from the checkpoints.
#SBATCH --job-name=gensweep
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --gpus-per-node=4
#SBATCH --time=24:00:00
#SBATCH --signal=B:TERM@120
set -euo pipefail

sweep=${1:?usage: sbatch deploy/slurm.sh SWEEP.toml}
results=${GENSWEEP_RESULTS:-$PWD/results} # a folder that all nodes share, or s3://BUCKET/PREFIX
bin=${GENSWEEP_BIN:-$PWD/.venv/bin}
port=6379

head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
address=$(srun --nodes=1 --ntasks=1 --nodelist="$head" hostname --ip-address | awk '{print $1}')
resources=(--num-cpus="$SLURM_CPUS_PER_TASK" --num-gpus="${SLURM_GPUS_ON_NODE:-0}" --disable-usage-stats --block)

srun --nodes=1 --ntasks=1 --nodelist="$head" --overlap \
  "$bin/ray" start --head --node-ip-address="$address" --port="$port" "${resources[@]}" &
if ((SLURM_JOB_NUM_NODES > 1)); then
  sleep 15 # until the head listens
  srun --nodes="$((SLURM_JOB_NUM_NODES - 1))" --ntasks="$((SLURM_JOB_NUM_NODES - 1))" --exclude="$head" --overlap \
    "$bin/ray" start --address="$address:$port" "${resources[@]}" &
fi
sleep 15

# SIGTERM, which Slurm sends two minutes before the end, stops the launch with a checkpoint.
srun --nodes=1 --ntasks=1 --nodelist="$head" --overlap \
  "$bin/gensweep" launch "$sweep" --address "$address:$port" --results "$results" &
launch=$!
trap 'kill -TERM "$launch"' TERM
until wait "$launch" && code=0 || { code=$?; ! kill -0 "$launch" 2>/dev/null; }; do
  : # the signal cut the wait short; the launch is still saving its trials
done
exit "$code"
