package cuda

import (
	"encoding/hex"
	"fmt"
	"strings"
	"unsafe"

	"github.com/thetaedge/theta/tensor/vulkan/plan"
)

// Info says what a card is.
type Info struct {
	// Index is the place among the cards that the driver shows, from 0 on. It may change.
	Index int
	Name  string
	// Kind is "discrete" or "integrated".
	Kind string
	// UUID stays the same, in hexadecimal digits. It is that of the card in Vulkan.
	UUID string
	// API is the version of CUDA that the driver has, and Driver that of the driver, if it is known.
	API, Driver string
	// Capability is the compute capability: ten times the major number plus the minor one.
	Capability int
	// Memory is that of the card in bytes, and Processors counts its multiprocessors.
	Memory     uint64
	Processors int
	// Missing says what the card has not got that this package needs; empty if nothing.
	Missing string

	groups [3]uint64
}

// Attributes of a card (CUdevice_attribute).
const (
	attributeThreads        = 1
	attributeGridX          = 5
	attributeShared         = 8
	attributeProcessors     = 16
	attributeIntegrated     = 18
	attributeCapabilityMain = 75
	attributeCapabilityPart = 76
)

// What the kernels rest on.
const (
	groupThreads = plan.Lanes
	sharedBytes  = 16 << 10
	leastMain    = 5
)

// List returns the cards of the machine. It fails with ErrNotAvailable if the machine has no CUDA.
func List() ([]Info, error) {
	d, err := openDriver()
	if err != nil {
		return nil, err
	}
	return d.list()
}

// list returns the cards that the driver shows.
func (d *driver) list() ([]Info, error) {
	var count int32
	if err := d.deviceGetCount.call(uintptr(unsafe.Pointer(&count))).check("counting cards"); err != nil {
		return nil, err
	}
	var all []Info
	for i := range int(count) {
		handle, err := d.handle(i)
		if err != nil {
			return nil, err
		}
		info, err := d.info(i, handle)
		if err != nil {
			return nil, err
		}
		all = append(all, info)
	}
	return all, nil
}

// handle returns the driver's number of a card.
func (d *driver) handle(index int) (int32, error) {
	var handle int32
	err := d.deviceGet.call(uintptr(unsafe.Pointer(&handle)), uintptr(index)).check("asking for a card")
	return handle, err
}

// info asks for what a card is.
func (d *driver) info(index int, handle int32) (Info, error) {
	i := Info{Index: index, Kind: "discrete", API: apiText(d.api), Driver: d.release}
	var name [256]byte
	var uuid [16]byte
	if err := d.deviceGetName.call(uintptr(unsafe.Pointer(&name[0])), uintptr(len(name)), uintptr(handle)).check("asking for a name"); err != nil {
		return i, err
	}
	if err := d.deviceGetUUID.call(uintptr(unsafe.Pointer(&uuid[0])), uintptr(handle)).check("asking for a UUID"); err != nil {
		return i, err
	}
	if err := d.deviceTotalMem.call(uintptr(unsafe.Pointer(&i.Memory)), uintptr(handle)).check("asking for the memory of a card"); err != nil {
		return i, err
	}
	i.Name, _, _ = strings.Cut(string(name[:]), "\x00")
	i.UUID = hex.EncodeToString(uuid[:])
	var found [8]int
	for at, which := range []int{
		attributeThreads, attributeGridX, attributeGridX + 1, attributeGridX + 2, attributeShared, attributeProcessors, attributeIntegrated, attributeCapabilityMain,
	} {
		var err error
		if found[at], err = d.attribute(which, handle); err != nil {
			return i, err
		}
	}
	part, err := d.attribute(attributeCapabilityPart, handle)
	if err != nil {
		return i, err
	}
	i.groups = [3]uint64{uint64(found[1]), uint64(found[2]), uint64(found[3])}
	i.Processors, i.Capability = found[5], 10*found[7]+part
	if found[6] != 0 {
		i.Kind = "integrated"
	}
	var missing []string
	need := func(has bool, what string) {
		if !has {
			missing = append(missing, what)
		}
	}
	need(found[7] >= leastMain, "the compute capability 5.0")
	need(found[0] >= groupThreads, "128 threads in a workgroup")
	need(found[4] >= sharedBytes, "16 KiB of memory for a workgroup")
	i.Missing = strings.Join(missing, ", ")
	return i, nil
}

func (d *driver) attribute(which int, handle int32) (int, error) {
	var value int32
	err := d.deviceGetAttribute.call(uintptr(unsafe.Pointer(&value)), uintptr(which), uintptr(handle)).check("asking what a card has")
	return int(value), err
}

// CapabilityText returns the compute capability as NVIDIA writes it.
func (i Info) CapabilityText() string { return fmt.Sprintf("%d.%d", i.Capability/10, i.Capability%10) }
