package config

// Priorities of worker processes.
const (
	// Lowest lets workers have the processors that no other program wants.
	Lowest = "lowest"
	// Normal lets workers and other programs share the processors.
	Normal = "normal"
)

// Cores returns the number of processors that one program may use, and its time on processors in percent of one, 0 for no
// limit. The machine has processors, and jobs programs run at once.
func (w Work) Cores(processors, jobs int) (cores, quota int) {
	if w.Processors >= 100 {
		return 0, 0
	}
	quota = max(1, processors*w.Processors/max(1, jobs))
	return max(1, quota/100), quota
}
