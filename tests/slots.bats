#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# builds: pairs
# runs in: check-all (a storm; JOBS=N plays more)
#
# slots.bats - three slots and many jobs under a storm of kills: never four at once, never a slot lost

load helper

# Each job holds a lock of one of three files while it has a slot.  A fourth job at once would find none.  The lock
# has to be free before the slot is: a process that ends lets go of its descriptors from the highest one down, and
# that of the slot is 9.
write_job() {
	cat >job <<'EOF2'
#!/bin/bash
for i in 1 2 3; do
	exec 20>"seat.$i"
	flock -n 20 && { echo $$ >>ran; sleep 0.00$((RANDOM % 9)); exit 0; }
done
echo "four at once" >>wrong
EOF2
	chmod +x job
}

@test "three slots and many jobs under a storm of kills: never four at once, never a slot lost" {
	local i jobs=() victim

	write_job
	expect 0 init slots --count 3
	for ((i = 0; i < ${JOBS:-200}; i++)); do
		"$COMPL_WAITER" wait slots --borrow -- ./job 2>/dev/null 3>&- &
		jobs+=($!)
		if ((i % 20 == 19)); then
			# The borrowers, and sometimes a CMD.
			for victim in "${jobs[@]}"; do
				((RANDOM % 3)) || kill -KILL "$victim" 2>/dev/null || :
				((RANDOM % 5)) || pkill -KILL -P "$victim" 2>/dev/null || :
			done
			wait "${jobs[@]}" 2>/dev/null || :
			jobs=()
		fi
	done
	[ ! -e wrong ]
	[ -s ran ]
	wait_until left slots 3
	expect 0 check
}
