// Package device reports what hardware this machine has and how much energy it uses. A value
// that the system does not report is unknown; the package never guesses.
package device

import (
	"runtime"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Unknown is the name of a device whose name the system does not report.
const Unknown = "unknown"

// maxModelBytes is the maximum length of a model name on chain.
const maxModelBytes = 64

// Machine describes the hardware that a node can offer.
type Machine struct {
	OS   string `json:"os"`
	Arch string `json:"arch"`
	// CPUModel is the name of the processor, or Unknown.
	CPUModel string `json:"cpu_model"`
	// Cores is the number of logical cores that this process may use.
	Cores int `json:"cores"`
	// MemoryBytes is the main memory that this process may use. It is 0 if it is not known.
	MemoryBytes uint64 `json:"memory_bytes"`
	// GPUs contains the graphics processors. It can be empty.
	GPUs []GPU `json:"gpus"`
	// Missing contains sentences for the owner about what could not be found out, and why.
	Missing []string `json:"missing,omitempty"`
}

// Detect describes the machine on which it runs, with the graphics processors of gpus.
func Detect(gpus GPUs) Machine { return detect("/", gpus) }

// detect describes the machine whose file system is below the folder root.
func detect(root string, gpus GPUs) Machine {
	m := Machine{OS: runtime.GOOS, Arch: runtime.GOARCH, Cores: runtime.NumCPU(), GPUs: []GPU{}}
	note := func(what string, err error) {
		if err != nil {
			m.Missing = append(m.Missing, what+": "+err.Error())
		}
	}
	var err error
	m.CPUModel, err = cpuModel(root)
	note("processor model", err)
	m.MemoryBytes, err = memoryBytes(root)
	note("memory", err)
	list, err := gpus.List()
	note("graphics processors", err)
	m.GPUs = append(m.GPUs, list...)
	return m
}

// Model returns the name under which a node registers: the name of its first graphics
// processor, or of its processor if it does not have one. The name has at most 64 bytes.
func (m Machine) Model() string {
	name := m.CPUModel
	if len(m.GPUs) > 0 {
		name = m.GPUs[0].Model
	}
	if name = printable(name); name == "" {
		name = Unknown
	}
	if len(name) <= maxModelBytes {
		return name
	}
	end := maxModelBytes
	for end > 0 && !utf8.RuneStart(name[end]) {
		end--
	}
	return name[:end]
}

// printable removes characters that the chain refuses in a name, because firmware can report
// any text.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, name)
}

// LeastGPUMemory returns the memory of the graphics processor with the least memory, in bytes.
// It returns 0 if the machine does not have one.
func (m Machine) LeastGPUMemory() uint64 {
	var least uint64
	for i, gpu := range m.GPUs {
		if i == 0 || gpu.MemoryBytes < least {
			least = gpu.MemoryBytes
		}
	}
	return least
}
