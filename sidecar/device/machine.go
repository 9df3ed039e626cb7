// Package device tells what this machine has and how much energy it uses. What the
// system does not tell is said to be unknown, never guessed.
package device

import (
	"runtime"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Unknown stands for a name that the system does not tell.
const Unknown = "unknown"

// maxModelBytes is what the chain keeps of a model name.
const maxModelBytes = 64

// Machine is what a node can offer.
type Machine struct {
	OS   string `json:"os"`
	Arch string `json:"arch"`
	// CPUModel is the processor's name, or Unknown.
	CPUModel string `json:"cpu_model"`
	// Cores are the logical cores that this process may use.
	Cores int `json:"cores"`
	// MemoryBytes is the main memory that this process may use; 0 is unknown.
	MemoryBytes uint64 `json:"memory_bytes"`
	// GPUs may be empty.
	GPUs []GPU `json:"gpus"`
	// Missing says, in sentences for the owner, what could not be found out and why.
	Missing []string `json:"missing,omitempty"`
}

// Detect reads the machine that it runs on and the processors of gpus.
func Detect(gpus GPUs) Machine { return detect("/", gpus) }

// detect reads the machine whose root folder is root.
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

// Model is the name that a node registers with: its first graphics processor or
// else its processor, in at most 64 bytes.
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

// printable drops what the chain refuses in a name: firmware may say anything.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, name)
}

// LeastGPUMemory is the memory of the smallest graphics processor in bytes, 0
// without one.
func (m Machine) LeastGPUMemory() uint64 {
	var least uint64
	for i, gpu := range m.GPUs {
		if i == 0 || gpu.MemoryBytes < least {
			least = gpu.MemoryBytes
		}
	}
	return least
}
