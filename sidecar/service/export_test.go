package service

// ReadMark returns what the mark of an installed file says.
func ReadMark(text string) (home, exe string, ours bool) {
	o, ours := readMark(text)
	return o.Home, o.Exe, ours
}

// OpenLogOf opens a log with another limit in bytes.
func OpenLogOf(path string, limit int64) (*LogFile, error) { return openLog(path, limit) }

// Prepare plans what an account needs.
func (a Accounts) Prepare(u Unit, run Run) (Plan, error) { return a.prepare(u, run) }

// TasksThatUse returns the tasks of this package that run a program.
var TasksThatUse = tasksThatUse
