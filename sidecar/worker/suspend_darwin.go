package worker

// freeze reports false, because this system has no groups that can be stopped other than those
// of processes.
func (*cage) freeze(bool) (bool, error) { return false, nil }

// frozen reports true, because this system does not say what the threads of a process do.
func (*part) frozen() bool { return true }
