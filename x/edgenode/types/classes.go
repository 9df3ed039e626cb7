package types

import "fmt"

const (
	mib = 1 << 20
	gib = 1 << 30
)

// defaultClasses are the classes of a new chain: two for processors, and one for each usual size
// of the memory of graphics cards.
func defaultClasses() []HardwareClass {
	return []HardwareClass{
		{Id: "cpu-small", Minimum: Hardware{CpuCores: 2, MemoryBytes: 2 * gib}},
		{Id: "cpu-large", Minimum: Hardware{CpuCores: 8, MemoryBytes: 16 * gib}},
		gpuClass(6, 2, 8*gib),
		gpuClass(8, 2, 8*gib),
		gpuClass(12, 4, 8*gib),
		gpuClass(16, 4, 16*gib),
		gpuClass(24, 4, 16*gib),
		gpuClass(48, 8, 32*gib),
		gpuClass(80, 8, 64*gib),
	}
}

// gpuClass returns the class of machines with a graphics card of a size in GiB. Drivers report up
// to 7% less than the size of a card, so that a card with nine tenths of it qualifies. Of what
// such a card has, a ninth is left to the driver and the display: a task may use eight tenths of
// the size.
func gpuClass(size uint64, cores uint32, memory uint64) HardwareClass {
	return HardwareClass{
		Id:          fmt.Sprintf("gpu-%dg", size),
		Minimum:     Hardware{CpuCores: cores, MemoryBytes: memory, Gpus: 1, GpuMemoryBytes: size * gib * 9 / 10 / mib * mib},
		DeviceBytes: size * gib * 8 / 10 / mib * mib,
	}
}
