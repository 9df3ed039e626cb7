package wasi

// Module is the import module of every function in this package.
const Module = "wasi_snapshot_preview1"

// args are the raw arguments of one call, as zero-extended 64-bit values.
type args []uint64

func (a args) u32(i int) uint32 { return uint32(a[i]) }

// Function is one importable function.
type Function struct {
	// Name is the import name.
	Name string
	// Params contains one letter per parameter: i for i32, I for i64.
	Params string
	// Returns says whether the function returns an errno as i32. proc_exit does not.
	Returns bool

	call func(*Host, args) Errno
}

// Functions lists every function of WASI preview 1, keyed by name.
func Functions() map[string]Function {
	list := []Function{
		{Name: "args_get", Params: "ii", call: (*Host).argsGet},
		{Name: "args_sizes_get", Params: "ii", call: (*Host).argsSizesGet},
		{Name: "environ_get", Params: "ii", call: (*Host).environGet},
		{Name: "environ_sizes_get", Params: "ii", call: (*Host).environSizesGet},
		{Name: "clock_res_get", Params: "ii", call: (*Host).clockResGet},
		{Name: "clock_time_get", Params: "iIi", call: (*Host).clockTimeGet},
		{Name: "random_get", Params: "ii", call: (*Host).randomGet},
		{Name: "poll_oneoff", Params: "iiii", call: (*Host).pollOneoff},
		{Name: "proc_exit", Params: "i", call: (*Host).procExit},
		{Name: "proc_raise", Params: "i", call: (*Host).notSupported},
		{Name: "sched_yield", Params: "", call: (*Host).schedYield},

		{Name: "fd_advise", Params: "iIIi", call: (*Host).fdAdvise},
		{Name: "fd_allocate", Params: "iII", call: (*Host).fdAllocate},
		{Name: "fd_close", Params: "i", call: (*Host).fdClose},
		{Name: "fd_datasync", Params: "i", call: (*Host).fdDatasync},
		{Name: "fd_fdstat_get", Params: "ii", call: (*Host).fdFdstatGet},
		{Name: "fd_fdstat_set_flags", Params: "ii", call: (*Host).fdFdstatSetFlags},
		{Name: "fd_fdstat_set_rights", Params: "iII", call: (*Host).notSupported},
		{Name: "fd_filestat_get", Params: "ii", call: (*Host).fdFilestatGet},
		{Name: "fd_filestat_set_size", Params: "iI", call: (*Host).fdFilestatSetSize},
		{Name: "fd_filestat_set_times", Params: "iIIi", call: (*Host).fdFilestatSetTimes},
		{Name: "fd_pread", Params: "iiiIi", call: (*Host).fdPread},
		{Name: "fd_prestat_get", Params: "ii", call: (*Host).fdPrestatGet},
		{Name: "fd_prestat_dir_name", Params: "iii", call: (*Host).fdPrestatDirName},
		{Name: "fd_pwrite", Params: "iiiIi", call: (*Host).fdPwrite},
		{Name: "fd_read", Params: "iiii", call: (*Host).fdRead},
		{Name: "fd_readdir", Params: "iiiIi", call: (*Host).fdReaddir},
		{Name: "fd_renumber", Params: "ii", call: (*Host).fdRenumber},
		{Name: "fd_seek", Params: "iIii", call: (*Host).fdSeek},
		{Name: "fd_sync", Params: "i", call: (*Host).fdSync},
		{Name: "fd_tell", Params: "ii", call: (*Host).fdTell},
		{Name: "fd_write", Params: "iiii", call: (*Host).fdWrite},

		{Name: "path_create_directory", Params: "iii", call: (*Host).pathCreateDirectory},
		{Name: "path_filestat_get", Params: "iiiii", call: (*Host).pathFilestatGet},
		{Name: "path_filestat_set_times", Params: "iiiiIIi", call: (*Host).pathFilestatSetTimes},
		{Name: "path_link", Params: "iiiiiii", call: (*Host).notSupported},
		{Name: "path_open", Params: "iiiiiIIii", call: (*Host).pathOpen},
		{Name: "path_readlink", Params: "iiiiii", call: (*Host).pathReadlink},
		{Name: "path_remove_directory", Params: "iii", call: (*Host).pathRemoveDirectory},
		{Name: "path_rename", Params: "iiiiii", call: (*Host).pathRename},
		{Name: "path_symlink", Params: "iiiii", call: (*Host).notSupported},
		{Name: "path_unlink_file", Params: "iii", call: (*Host).pathUnlinkFile},

		{Name: "sock_accept", Params: "iii", call: (*Host).notSupported},
		{Name: "sock_recv", Params: "iiiiii", call: (*Host).notSupported},
		{Name: "sock_send", Params: "iiiii", call: (*Host).notSupported},
		{Name: "sock_shutdown", Params: "ii", call: (*Host).notSupported},
	}
	byName := make(map[string]Function, len(list))
	for _, f := range list {
		f.Returns = f.Name != "proc_exit"
		byName[f.Name] = f
	}
	return byName
}
