package backend

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Kind names a back end.
type Kind string

// Back ends.
const (
	// CPU is the processor, with its instructions for vectors.
	CPU Kind = "cpu"
	// Reference is the processor in plain Go: the slowest one, on which the others are measured.
	Reference Kind = "ref"
	// Vulkan is a device of Vulkan.
	Vulkan Kind = "vulkan"
	// CUDA is a card of NVIDIA through its own driver.
	CUDA Kind = "cuda"
)

// driven reports whether a back end calls the driver of a device.
func (k Kind) driven() bool { return k == Vulkan || k == CUDA }

// auto is the choice that falls back to the processor.
const auto = "auto"

// Choice is what an owner wants tensors to be executed on. The zero Choice is "auto".
type Choice struct {
	kind Kind
	uuid string
	// index is the Device.Index plus one; zero means that none is named.
	index int
}

// ParseChoice reads "auto", "cpu", "ref", "cuda", "vulkan", or one of the last two with ":UUID" or ":INDEX".
func ParseChoice(text string) (Choice, error) {
	wrong := fmt.Errorf("expected \"auto\", \"cpu\", \"ref\", \"cuda\", \"vulkan\", or one of the last two with \":\" and the UUID or the number of a device, found %q", text)
	kind, device, named := strings.Cut(text, ":")
	switch {
	case text == auto:
		return Choice{}, nil
	case !named && (Kind(kind) == CPU || Kind(kind) == Reference || Kind(kind).driven()):
		return Choice{kind: Kind(kind)}, nil
	case !named || !Kind(kind).driven():
		return Choice{}, wrong
	}
	uuid := strings.ToLower(strings.ReplaceAll(device, "-", ""))
	if raw, err := hex.DecodeString(uuid); err == nil && len(raw) == 16 {
		return Choice{kind: Kind(kind), uuid: uuid}, nil
	}
	index, err := strconv.ParseUint(device, 10, 8)
	if err != nil {
		return Choice{}, wrong
	}
	return Choice{kind: Kind(kind), index: int(index) + 1}, nil
}

// Choice returns the choice of a device and no other.
func (d Device) Choice() Choice {
	c := Choice{kind: d.Backend, uuid: d.UUID}
	if d.Driven() && d.UUID == "" {
		c.index = d.Index + 1
	}
	return c
}

// String is the inverse of ParseChoice.
func (c Choice) String() string {
	switch {
	case c.kind == "":
		return auto
	case c.uuid != "":
		return string(c.kind) + ":" + c.uuid
	case c.index > 0:
		return fmt.Sprintf("%s:%d", c.kind, c.index-1)
	}
	return string(c.kind)
}

// Auto reports whether the owner leaves the choice to the machine, so that it may fall back to the
// processor.
func (c Choice) Auto() bool { return c.kind == "" }

// Processor returns the back end on the processor that the owner has named, and whether there is
// one. Then no driver is needed.
func (c Choice) Processor() (Device, bool) {
	if c.kind != CPU && c.kind != Reference {
		return Device{}, false
	}
	return Device{Backend: c.kind}, true
}

// Candidates returns the devices that the choice allows, the best one first. With "auto" these are
// discrete devices, and then integrated ones; a card that both CUDA and Vulkan list is tried with CUDA first. Drivers
// that compute on the processor have to be named. If there is none, the error says which devices were found.
func (c Choice) Candidates(found []Device) ([]Device, error) {
	var fit []Device
	kinds := []string{"discrete", "integrated"}
	switch {
	case c.uuid != "" || c.index > 0:
		for _, d := range found {
			if d.Backend == c.kind && (c.uuid != "" && d.UUID == c.uuid || c.index > 0 && d.Index == c.index-1) {
				fit = append(fit, d)
			}
		}
		return fit, c.none(fit, found)
	case c.kind == Vulkan:
		kinds = append(kinds, "virtual", "other")
	}
	for _, kind := range kinds {
		for _, own := range []Kind{CUDA, Vulkan} {
			for _, d := range found {
				if d.Kind == kind && d.Missing == "" && d.Backend == own && (c.kind == "" || c.kind == own) {
					fit = append(fit, d)
				}
			}
		}
	}
	return fit, c.none(fit, found)
}

// none returns an error if no device fits.
func (c Choice) none(fit, found []Device) error {
	if len(fit) > 0 {
		return nil
	}
	if len(found) == 0 {
		return fmt.Errorf("expected a device for %q, found none; install its driver, with the part for Vulkan if it is not a card of NVIDIA", c)
	}
	list := make([]string, len(found))
	for i, d := range found {
		list[i] = fmt.Sprintf("%s (%s:%s)", d, d.Backend, d.UUID)
	}
	return fmt.Errorf("expected a device for %q, found %s; a driver that computes on the processor has to be named", c, strings.Join(list, ", "))
}
