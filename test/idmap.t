#!/bin/sh
# idmap.t - mounts with mapped ids: idmap, ridmap, mounts[].uidMappings and gidMappings.
. "${0%/*}/lib.sh"

USER='linux.namespaces+={"type":"user"}'
M='[{"containerID":0,"hostID":100000,"size":65536}]'

# sources: ./src, a tmpfs with files of ids 0 and 1000, and a tmpfs on src/sub with the same; until sources_end
sources() {
	need root
	need userns
	need kernel 6.3		# where tmpfs learned it
	mkdir src
	mount -t tmpfs tmpfs src
	mkdir src/sub
	mount -t tmpfs tmpfs src/sub
	for d in src src/sub; do
		touch $d/zero $d/user
		chown 1000:1001 $d/user
	done
}

sources_end() { umount src/sub src; }

# mapped OPTIONS-JSON MAPS-JSON [EDIT...]: stats the files in a mount of ./src on /tmp
mapped() {
	opts=$1 maps=$2
	shift 2
	bundle args='/probe stat /tmp/zero /tmp/user /tmp/sub/zero' \
		mounts+="{\"destination\":\"/tmp\",\"type\":\"bind\",\"source\":\"$PWD/src\",\"options\":$opts$maps}" "$@"
	rt run -b b "$id"
	out=$(printf '%s\n' "$out" | sed -n 's/^file [0-7]* //p')
	[ -z "$err" ] || rt_show
}
own() { echo ",\"uidMappings\":[{\"containerID\":0,\"hostID\":$1,\"size\":2000}],\"gidMappings\":[{\"containerID\":0,\"hostID\":$2,\"size\":2000}]"; }

test_idmap_with_mappings_of_the_mount() {
	sources
	mapped '["bind","idmap"]' "$(own 5000 7000)"
	is "$(echo $out)" '5000 7000 6000 8001' 'the two files; the submount is not there'
	sources_end
}

test_mappings_without_the_word_idmap() {
	sources
	mapped '["bind"]' "$(own 5000 7000)"
	is "$(echo $out)" '5000 7000 6000 8001'
	sources_end
}

test_idmap_is_the_top_only() {
	sources
	mapped '["rbind","idmap"]' "$(own 5000 7000)"
	is "$(echo $out)" '5000 7000 6000 8001 0 0'
	sources_end
}

test_ridmap_is_the_whole_tree() {
	sources
	mapped '["rbind","ridmap"]' "$(own 5000 7000)"
	is "$(echo $out)" '5000 7000 6000 8001 5000 7000'
	sources_end
}

test_unmapped_ids_are_nobody() {
	sources
	mapped '["bind","idmap"]' ',"uidMappings":[{"containerID":1000,"hostID":3,"size":1}],"gidMappings":[{"containerID":1001,"hostID":4,"size":1}]'
	is "$(echo $out)" '65534 65534 3 4'
	sources_end
}

test_several_ranges() {
	sources
	mapped '["bind","idmap"]' ',"uidMappings":[{"containerID":0,"hostID":10,"size":1},{"containerID":1000,"hostID":20,"size":5}],"gidMappings":[{"containerID":0,"hostID":30,"size":1},{"containerID":1001,"hostID":40,"size":1}]'
	is "$(echo $out)" '10 30 20 40'
	sources_end
}

test_writing_maps_back() {
	sources
	bundle args='/probe touch /tmp/new' 'process.user={"uid":5005,"gid":7006}' \
		mounts+="{\"destination\":\"/tmp\",\"type\":\"bind\",\"source\":\"$PWD/src\",\"options\":[\"bind\",\"idmap\"]$(own 5000 7000)}"
	chmod 777 src
	rt_ok run -b b "$id"
	is "$("$PROBE" stat src/new)" 'file 0644 5 6' 'on the host'
	sources_end
}

test_other_options_hold() {
	sources
	bundle args='/probe mount /tmp' \
		mounts+="{\"destination\":\"/tmp\",\"type\":\"bind\",\"source\":\"$PWD/src\",\"options\":[\"bind\",\"idmap\",\"ro\",\"nosuid\",\"rslave\"]$(own 5000 7000)}"
	rt_ok run -b b "$id"
	like "$out" '^/tmp tmpfs ro,nosuid[^ ]*idmapped'
	unlike "$("$PROBE" mount "$PWD/src")" '(idmapped|nosuid)' 'the source is as it was'
	sources_end
}

test_with_the_user_namespace_of_the_container() {
	sources
	for word in idmap ridmap; do
		mapped "[\"rbind\",\"$word\"]" '' "$USER" "linux.uidMappings=$M" "linux.gidMappings=$M"
		[ $word = idmap ] && want='0 0 1000 1001 65534 65534' || want='0 0 1000 1001 0 0'
		is "$(echo $out)" "$want" "$word: as on the host"
	done
	sources_end
}

test_empty_mappings_are_none() {
	sources
	mapped '["bind","idmap"]' ',"uidMappings":[],"gidMappings":[]' "$USER" "linux.uidMappings=$M" "linux.gidMappings=$M"
	is "$(echo $out)" '0 0 1000 1001'
	sources_end
}

test_own_mappings_in_a_user_namespace() {
	sources
	mapped '["bind","idmap"]' "$(own 100007 100008)" "$USER" "linux.uidMappings=$M" "linux.gidMappings=$M"
	is "$(echo $out)" '7 8 1007 1009'
	sources_end
}

test_with_a_joined_user_namespace() {
	sources
	bundle -d p args='/probe sleep' "$USER" "linux.uidMappings=$M" "linux.gidMappings=$M"
	rt_ok create -b p "$id2"
	mapped '["bind","idmap"]' '' "linux.namespaces+={\"type\":\"user\",\"path\":\"/proc/$(pid_of "$id2")/ns/user\"}"
	is "$(echo $out)" '0 0 1000 1001'
	delete_all
	sources_end
}

test_source_that_only_the_host_can_reach() {
	sources
	mkdir -m 0700 locked
	mkdir locked/src
	mount -t tmpfs tmpfs locked/src
	touch locked/src/f
	bundle args='/probe stat /tmp/f' "$USER" "linux.uidMappings=$M" "linux.gidMappings=$M" \
		mounts+="{\"destination\":\"/tmp\",\"type\":\"bind\",\"source\":\"$PWD/locked/src\",\"options\":[\"bind\",\"idmap\"]}"
	rt_ok run -b b "$id"
	is "$out" 'file 0644 0 0'
	umount locked/src
	sources_end
}

test_a_new_file_system() {
	sources
	bundle args='/probe stat /tmp' mounts+="{\"destination\":\"/tmp\",\"type\":\"tmpfs\",\"options\":[\"idmap\",\"mode=700\"]$(own 5000 7000)}"
	rt_ok run -b b "$id"
	is "$out" 'dir 0700 5000 7000'
	sources_end
}

test_cruns_way_to_give_mappings() {
	sources
	mapped '["bind","idmap=uids=0-5000-1#1000-6000-1;gids=0-7000-1#1001-8000-1"]' ''
	is "$(echo $out)" '5000 7000 6000 8000'
	mapped '["rbind","ridmap=uids=@0-7-1;gids=@0-8-1"]' '' "$USER" "linux.uidMappings=$M" "linux.gidMappings=$M"
	is "$(echo $out)" '7 8 65534 65534 7 8' 'relative to the container'
	sources_end
}

test_nothing_stays_of_the_namespace_of_a_mapping() {
	sources
	bundle args='/probe sleep' mounts+="{\"destination\":\"/tmp\",\"type\":\"bind\",\"source\":\"$PWD/src\",\"options\":[\"bind\",\"idmap\"]$(own 5000 7000)}"
	rt_ok create -b b "$id"
	is "$(in_ct "$id" /probe fds | wc -l)" "$(in_ct "$id" /probe fds | grep -c '^[012] ')" 'no descriptor inside'
	delete_all
	sources_end
}

# ---- errors -----------------------------------------------------------------------------------

# refuses WHY OPTIONS-JSON MAPS-JSON [EDIT...]
refuses() {
	need root
	why=$1 o=$2 maps=$3
	shift 3
	mkdir -p src
	bundle mounts+="{\"destination\":\"/tmp\",\"type\":\"bind\",\"source\":\"$PWD/src\",\"options\":$o$maps}" "$@"
	rt_fails run -b b "$id"
	[ "$RT_NAME" != runtime ] || is "$err" "runtime: $why"
}

test_mappings_come_in_pairs() {
	refuses 'config.json: mounts[7].gidMappings: is required with uidMappings' '["bind","idmap"]' ',"uidMappings":[{"containerID":0,"hostID":0,"size":1}]'
	refuses 'config.json: mounts[7].uidMappings: is required with gidMappings' '["bind"]' ',"gidMappings":[{"containerID":0,"hostID":0,"size":1}]'
	refuses 'config.json: mounts[7].gidMappings: is required with uidMappings' '["bind","idmap=uids=0-1-1"]' ''
}

test_idmap_without_mappings_needs_a_user_namespace() {
	for word in idmap ridmap; do
		refuses 'config.json: mounts[7].options: idmap needs uidMappings and gidMappings, or a user namespace' "[\"bind\",\"$word\"]" ''
	done
}

test_idmap_is_for_new_mounts() {
	for o in '"remount","idmap"' '"idmap"'; do
		refuses 'config.json: mounts[7].options: idmap is for new mounts, and not for a cgroup' "[$o]" "$(own 5000 7000)" mounts.7.type=cgroup
	done
}

test_fields_of_a_mapping_are_required() {
	refuses 'config.json: mounts[7].uidMappings[0]: hostID is required' '["bind","idmap"]' ',"uidMappings":[{"containerID":0,"size":1}],"gidMappings":[]'
}

test_bad_mappings_of_cruns_kind() {
	refuses 'config.json: mounts[7].options: "uids": a mapping is FS-HOST-SIZE' '["bind","idmap=uids=0-1;gids=0-1-1"]' ''
	refuses 'config.json: mounts[7].options: "gids": a mapping is FS-HOST-SIZE' '["bind","idmap=uids=0-1-1;gids=0-x-1"]' ''
	refuses 'config.json: mounts[7].options: "ids=0-1-1" is neither uids= nor gids=' '["bind","idmap=ids=0-1-1"]' ''
	refuses 'config.json: mounts[7].options: "uids": @5 is not an id of the container' '["bind","idmap=uids=@0-5-1;gids=0-0-1"]' ''
}

test_overlapping_mappings() {
	refuses 'mounts[7] /tmp: write uid_map: invalid argument: overlapping, too many (340) or too long (a page) mappings' '["bind","idmap"]' \
		',"uidMappings":[{"containerID":0,"hostID":0,"size":2},{"containerID":1,"hostID":5,"size":2}],"gidMappings":[{"containerID":0,"hostID":0,"size":2}]'
}

test_file_system_that_cannot_be_mapped() {
	need kernel 5.12
	refuses "mounts[7] /tmp: idmap: Linux $(uname -r) cannot map the ids of the file system sysfs" '["bind","idmap"]' "$(own 5000 7000)" mounts.7.source=/sys/kernel
	refuses "mounts[7] /tmp: idmap: Linux $(uname -r) cannot map the ids of the file system sysfs, or of one below it" '["rbind","ridmap"]' "$(own 5000 7000)" mounts.7.source=/sys/kernel
	refuses "mounts[7] /tmp: idmap: Linux $(uname -r) cannot map the ids of the file system mqueue" '["idmap"]' "$(own 5000 7000)" mounts.7.type=mqueue
}

run_tests
