#!/bin/sh
# Seeds on one machine, a process a shard; what was stopped goes on where it was:
#
#   sim/deploy/xargs.sh 0..1000000 16 results
#
# The program may be another: QUANTA_SIM=target/release/quanta-sim
set -eu
seeds=${1:?the seeds, A..B} shards=${2:-$(nproc)} results=${3:-results}
program=${QUANTA_SIM:-quanta-sim}
mkdir -p "$results"
# Whoever finds a violation ends with 1; xargs runs the others all the same and ends with 123.
seq 0 $((shards - 1)) | xargs -P "$(nproc)" -I {} \
    "$program" --seeds "$seeds" --shard "{}/$shards" --keep-going --quiet --results "$results/{}.jsonl" || [ $? -eq 123 ]
exec "$program" merge --expect "$seeds" "$results"/*.jsonl
