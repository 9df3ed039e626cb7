package vulkan

import (
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"unsafe"
)

// Info says what a device is.
type Info struct {
	// Index is the place among the devices of the machine, from 0 on. It may change with drivers.
	Index int
	Name  string
	// Kind is "discrete", "integrated", "virtual", "processor" or "other".
	Kind string
	// UUID stays the same, in hexadecimal digits.
	UUID string
	// API is the version of Vulkan, and Driver the number that the vendor, by its number, gives the
	// driver.
	API            string
	Driver, Vendor uint32
	// Memory is the size of the largest heap of the device, in bytes.
	Memory uint64
	// Missing says what the device has not got that this package needs; empty if nothing.
	Missing string
	// DriverText is the name and the version of the driver for people, with its compiler where the
	// driver says it; empty if the driver says nothing.
	DriverText string
	// Matrices reports whether the driver says that it has cooperative matrices that kernels can use.
	Matrices bool
}

// machine is an instance of Vulkan.
type machine struct {
	*library
	instanceFunctions
	instance instance
}

// noImplicitLayers tells the loader to leave out layers that programs have installed for all others.
// Loaders before 1.3.234 do not know it.
const noImplicitLayers = "VK_LOADER_LAYERS_DISABLE"

// openMachine makes an instance.
func openMachine() (*machine, error) {
	lib, err := load()
	if err != nil {
		return nil, err
	}
	if os.Getenv(noImplicitLayers) == "" {
		if err := os.Setenv(noImplicitLayers, "~implicit~"); err != nil {
			return nil, err
		}
	}
	if err := lib.resolve(); err != nil {
		return nil, err
	}
	var version uint32
	if err := lib.enumerateInstanceVersion.call(uintptr(unsafe.Pointer(&version))).check("asking for the version of Vulkan"); err != nil {
		return nil, err
	}
	if version < version11 {
		return nil, fmt.Errorf("%w: expected Vulkan 1.1 or newer, found %s; update the loader", ErrNotAvailable, versionText(version))
	}
	m := &machine{library: lib}
	application := applicationInfo{sType: typeApplicationInfo, applicationName: text("theta"), apiVersion: version11}
	info := instanceCreateInfo{sType: typeInstanceCreateInfo, application: &application}
	if err := lib.createInstance.call(uintptr(unsafe.Pointer(&info)), 0, uintptr(unsafe.Pointer(&m.instance))).check("making an instance"); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotAvailable, err)
	}
	return m, m.instanceFunctions.resolve(lib, m.instance)
}

func (m *machine) close() { m.destroyInstance.do(uintptr(m.instance), 0) }

// devices returns the handles of all devices.
func (m *machine) devices() ([]physicalDevice, error) {
	var count uint32
	if err := m.enumeratePhysicalDevices.call(uintptr(m.instance), uintptr(unsafe.Pointer(&count)), 0).check("counting devices"); err != nil {
		return nil, err
	}
	if count == 0 {
		return nil, nil
	}
	found := make([]physicalDevice, count)
	r := m.enumeratePhysicalDevices.call(uintptr(m.instance), uintptr(unsafe.Pointer(&count)), uintptr(unsafe.Pointer(&found[0])))
	if r == incomplete {
		r = success
	}
	return found[:count], r.check("listing devices")
}

// facts are what a driver says of a device.
type facts struct {
	properties    properties
	uuid          [16]byte
	driver        string
	maxAllocation uint64
	memory        memoryProperties
	features      features
	// dot and portable are set if the device has the extension.
	dot, portable bool
	// matrices are those that the device multiplies, if it does.
	matrices matrices
}

// facts asks a driver.
func (m *machine) facts(d physicalDevice) (*facts, error) {
	f := &facts{}
	third := &maintenance3Properties{sType: typeMaintenance3Properties}
	id := &idProperties{sType: typeIDProperties, next: unsafe.Pointer(third)}
	driver := &driverProperties{sType: typeDriverProperties}
	offered, err := m.extensions(d)
	if err != nil {
		return nil, err
	}
	if offered[driverExtension] {
		third.next = unsafe.Pointer(driver)
	}
	p := &properties2{sType: typeProperties2, next: unsafe.Pointer(id)}
	m.getPhysicalDeviceProperties2.do(uintptr(d), uintptr(unsafe.Pointer(p)))
	f.properties, f.uuid, f.maxAllocation = p.properties, id.deviceUUID, third.maxAllocationSize
	f.driver = strings.TrimSpace(textOf(driver.name[:]) + " " + textOf(driver.info[:]))
	m.getPhysicalDeviceMemoryProperties.do(uintptr(d), uintptr(unsafe.Pointer(&f.memory)))
	f.portable = offered[portableExtension]
	dot := &dotProductFeatures{sType: typeDotProductFeatures}
	all := &features2{sType: typeFeatures2}
	if offered[dotExtension] {
		all.next = unsafe.Pointer(dot)
	}
	m.getPhysicalDeviceFeatures2.do(uintptr(d), uintptr(unsafe.Pointer(all)))
	f.features, f.dot = all.features, dot.supported == 1
	f.matrices = m.matrices(d, offered)
	return f, nil
}

const (
	// dotExtension has instructions for sums of four products of eight bits.
	dotExtension = "VK_KHR_shader_integer_dot_product"
	// driverExtension tells the name of the driver.
	driverExtension = "VK_KHR_driver_properties"
	// portableExtension has to be used where a device has it (MoltenVK).
	portableExtension = "VK_KHR_portability_subset"
)

// extensions returns the names of those that a device has.
func (m *machine) extensions(d physicalDevice) (map[string]bool, error) {
	names := map[string]bool{}
	var count uint32
	if err := m.enumerateDeviceExtensionProperties.call(uintptr(d), 0, uintptr(unsafe.Pointer(&count)), 0).check("counting extensions"); err != nil || count == 0 {
		return names, err
	}
	all := make([]extensionProperties, count)
	r := m.enumerateDeviceExtensionProperties.call(uintptr(d), 0, uintptr(unsafe.Pointer(&count)), uintptr(unsafe.Pointer(&all[0])))
	if r != incomplete && r != success {
		return nil, r.check("listing extensions")
	}
	for i := range all[:count] {
		names[textOf(all[i].name[:])] = true
	}
	return names, nil
}

// info returns the facts for people.
func (f *facts) info(index int) Info {
	kinds := []string{"other", "integrated", "discrete", "virtual", "processor"}
	p := &f.properties
	i := Info{
		Index: index, Name: textOf(p.name[:]), Kind: kinds[0], UUID: hex.EncodeToString(f.uuid[:]),
		API: versionText(p.apiVersion), Driver: p.driverVersion, Vendor: p.vendor, Missing: f.missing(),
	}
	i.DriverText, i.Matrices = f.driver, f.matrices.some()
	if int(p.kind) < len(kinds) {
		i.Kind = kinds[p.kind]
	}
	for _, heap := range f.memory.heaps[:f.memory.heapCount] {
		if heap.flags&memoryDeviceLocal != 0 {
			i.Memory = max(i.Memory, heap.size)
		}
	}
	return i
}

// missing says what a device has not got.
func (f *facts) missing() string {
	var missing []string
	p, l := &f.properties, &f.properties.limits
	need := func(has bool, what string) {
		if !has {
			missing = append(missing, what)
		}
	}
	need(p.apiVersion >= version11, "Vulkan 1.1")
	need(f.features[featureRobustBufferAccess] == 1, "robust access to buffers (robustBufferAccess)")
	need(l.maxStageStorageBuffers >= maxBindings, "8 buffers for a kernel (maxPerStageDescriptorStorageBuffers)")
	need(l.maxPushConstantsSize >= pushBytes, "128 bytes of parameters (maxPushConstantsSize)")
	need(l.maxComputeInvocations >= groupThreads, "128 threads in a workgroup (maxComputeWorkGroupInvocations)")
	need(l.maxComputeSharedMemory >= sharedBytes, "16 KiB of memory for a workgroup (maxComputeSharedMemorySize)")
	return strings.Join(missing, ", ")
}

// textOf returns a string of C.
func textOf(bytes []byte) string {
	s, _, _ := strings.Cut(string(bytes), "\x00")
	return s
}

// DriverVersion returns the version of the driver as its vendor writes it.
func (i Info) DriverVersion() string {
	const nvidia = 0x10de
	if v := i.Driver; i.Vendor == nvidia {
		return fmt.Sprintf("%d.%d.%d", v>>22, v>>14&255, v>>6&255)
	}
	return versionText(i.Driver)
}

func versionText(v uint32) string { return fmt.Sprintf("%d.%d.%d", v>>22&127, v>>12&1023, v&4095) }

// List returns the devices of the machine. It fails with ErrNotAvailable if the machine has no Vulkan.
func List() ([]Info, error) {
	m, err := openMachine()
	if err != nil {
		return nil, err
	}
	defer m.close()
	found, err := m.devices()
	if err != nil {
		return nil, err
	}
	var all []Info
	for i, d := range found {
		f, err := m.facts(d)
		if err != nil {
			return nil, err
		}
		all = append(all, f.info(i))
	}
	return all, nil
}
