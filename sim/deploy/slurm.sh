#!/bin/sh
# A million seeds as a Slurm array; a task that is started again goes on where it was:
#
#   sbatch sim/deploy/slurm.sh
#   quanta-sim merge --expect 0..1000000 results/*.jsonl
#
#SBATCH --job-name=quanta-sim
#SBATCH --array=0-99
#SBATCH --cpus-per-task=4
#SBATCH --mem=2G
#SBATCH --time=24:00:00
#SBATCH --requeue
set -eu
mkdir -p results
quanta-sim --seeds 0..1000000 --shard "$SLURM_ARRAY_TASK_ID/100" --jobs "$SLURM_CPUS_PER_TASK" --keep-going \
    --results "results/$SLURM_ARRAY_TASK_ID.jsonl" || [ $? -eq 1 ]
