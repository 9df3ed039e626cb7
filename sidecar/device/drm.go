package device

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// DRM reads the cards of the drivers amdgpu, i915 and xe from the files of the Linux kernel. It has
// the names of these files from the kernel's documentation (Documentation/gpu/amdgpu/thermal.rst,
// Documentation/ABI/testing/sysfs-driver-intel-i915-hwmon and sysfs-driver-intel-xe-hwmon).
type DRM struct {
	root  string
	chips Chips
	use   *drmUse
}

// NewDRM returns the cards of the machine whose file system is below the folder root, normally "/".
func NewDRM(root string) DRM {
	return DRM{root: root, chips: NewChips(root), use: &drmUse{root: root, now: time.Now}}
}

// maxCards bounds the number of cards that are looked at.
const maxCards = 64

// drmCard is a card of one of the drivers.
type drmCard struct {
	// folder is that of the card, and device that of its PCI function.
	folder, device  string
	driver, pci     string
	vendor, product uint64
	revision        uint64
}

// Cards implements Driver.
func (d DRM) Cards() ([]Card, error) {
	var list []Card
	for _, c := range d.list() {
		list = append(list, c.card(len(list)))
	}
	return list, nil
}

// list returns the cards in the order of their numbers.
func (d DRM) list() []drmCard {
	entries, err := os.ReadDir(filepath.Join(d.root, "sys/class/drm"))
	if err != nil {
		return nil // a machine without graphics, or another system
	}
	var numbers []int
	for _, entry := range entries {
		if digits, ok := strings.CutPrefix(entry.Name(), "card"); ok {
			if n, err := strconv.Atoi(digits); err == nil && n >= 0 && digits == strconv.Itoa(n) {
				numbers = append(numbers, n)
			}
		}
	}
	slices.Sort(numbers)
	var cards []drmCard
	for _, n := range numbers[:min(len(numbers), maxCards)] {
		folder := filepath.Join(d.root, "sys/class/drm", fmt.Sprintf("card%d", n))
		if c, ok := openDRM(folder); ok {
			cards = append(cards, c)
		}
	}
	return cards
}

// openDRM reads what a card is. Cards of other drivers are left out.
func openDRM(folder string) (drmCard, bool) {
	c := drmCard{folder: folder, device: filepath.Join(folder, "device")}
	text, err := readSmall(filepath.Join(c.device, "uevent"))
	if err != nil {
		return c, false
	}
	for _, line := range strings.Split(text, "\n") {
		switch key, value, _ := strings.Cut(strings.TrimSpace(line), "="); key {
		case "DRIVER":
			c.driver = value
		case "PCI_SLOT_NAME":
			c.pci = value
		}
	}
	c.vendor, c.product, c.revision = hexFile(c.device, "vendor"), hexFile(c.device, "device"), hexFile(c.device, "revision")
	return c, slices.Contains([]string{"amdgpu", "i915", "xe"}, c.driver) && c.pci != ""
}

// hexFile reads a number such as 0x1002. It returns 0 if there is none.
func hexFile(folder, name string) uint64 {
	text, err := readSmall(filepath.Join(folder, name))
	if err != nil {
		return 0
	}
	value, err := strconv.ParseUint(strings.TrimPrefix(text, "0x"), 16, 16)
	if err != nil {
		return 0
	}
	return value
}

// id names a card across restarts.
func (c drmCard) id() string { return c.driver + "-" + c.pci }

// card describes a card and reads its state.
func (c drmCard) card(index int) Card {
	card := Card{
		GPU: GPU{Index: index, UUID: c.id(), Model: c.model()}, Vendor: vendorOf(c.vendor), Source: c.driver, PCI: c.pci, Vulkan: c.vulkan(),
	}
	if c.driver != "amdgpu" {
		card.Kind = "discrete"
		if c.pci == "0000:00:02.0" { // the place of graphics in processors of Intel
			card.Kind = "integrated"
		}
	}
	switch {
	case c.asleep():
		card.State = NoState("the card sleeps, and a reading would wake it up")
	case c.driver == "amdgpu":
		card.State = c.amdgpu()
	default:
		card.State = c.intel()
	}
	if total, ok := card.State.MemoryTotal.Value(); ok && total > 0 {
		card.MemoryBytes = uint64(total)
	}
	return card
}

// asleep reports whether the kernel has switched the card off.
func (c drmCard) asleep() bool { return sleeps(c.device) }

// model returns the name of a card. The kernel knows it for a few cards of AMD alone.
func (c drmCard) model() string {
	if name, err := readSmall(filepath.Join(c.device, "product_name")); err == nil && printable(name) != "" {
		return printable(name)
	}
	return fmt.Sprintf("%s graphics %04x:%04x", c.driver, c.vendor, c.product)
}

func vendorOf(number uint64) string {
	switch number {
	case 0x10de:
		return "nvidia"
	case 0x1002:
		return "amd"
	case 0x8086:
		return "intel"
	}
	return fmt.Sprintf("%04x", number)
}

// vulkan returns the UUID that the drivers of Mesa for Vulkan give the card. RADV writes the place
// on the PCI bus in four numbers of 32 bits (ac_compute_device_uuid), and ANV writes vendor, product,
// revision, domain, bus, device and function (intel_uuid_compute_device_id).
func (c drmCard) vulkan() string {
	var domain, bus, device, function uint32
	if n, err := fmt.Sscanf(c.pci, "%04x:%02x:%02x.%1x", &domain, &bus, &device, &function); err != nil || n != 4 || domain > 0xffff {
		return ""
	}
	if c.driver == "amdgpu" {
		return littleEndian(4, domain) + littleEndian(4, bus) + littleEndian(4, device) + littleEndian(4, function)
	}
	return littleEndian(2, uint32(c.vendor)) + littleEndian(2, uint32(c.product)) + littleEndian(2, uint32(c.revision)) + //nolint:gosec // 16 bits each
		littleEndian(2, domain) + littleEndian(1, bus) + littleEndian(1, device) + littleEndian(1, function) + strings.Repeat("0", 10)
}

// littleEndian writes a number in hexadecimal digits, its lowest byte first.
func littleEndian(size int, n uint32) string {
	var text strings.Builder
	for range size {
		fmt.Fprintf(&text, "%02x", n&0xff)
		n >>= 8
	}
	return text.String()
}

// Energy implements Driver.
func (d DRM) Energy(id string) (uint64, error) {
	for _, c := range d.list() {
		if c.id() != id {
			continue
		}
		if c.asleep() {
			return 0, fmt.Errorf("%w: the card sleeps, and a reading would wake it up", ErrNotMeasured)
		}
		return c.energy()
	}
	return 0, errNotMine
}

// Power returns the power that a card uses now, in milliwatts.
func (d DRM) Power(id string) (int64, error) {
	for _, c := range d.list() {
		if c.id() != id {
			continue
		}
		if c.asleep() {
			return 0, fmt.Errorf("%w: the card sleeps, and a reading would wake it up", ErrNotMeasured)
		}
		power := c.power().within(0, mostMilliwatts)
		if value, ok := power.Value(); ok {
			return value, nil
		}
		return 0, fmt.Errorf("%w: %s", ErrNotMeasured, power.Reason())
	}
	return 0, errNotMine
}

// Close implements Driver. Files are not kept open.
func (DRM) Close() error { return nil }

// Use implements Gauges, of the cards of all drivers that report the use by process.
func (d DRM) Use(own map[int]bool) (float64, error) { return d.use.read(own) }

// Temperature implements Gauges, also of the drivers radeon and nouveau.
func (d DRM) Temperature() (float64, error) { return d.chips.Card() }

// Fan implements Gauges, also of the drivers radeon and nouveau.
func (d DRM) Fan() (float64, error) { return d.chips.CardFan() }

var (
	_ Driver = DRM{}
	_ Gauges = DRM{}
)
