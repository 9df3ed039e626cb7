package vulkan

import (
	"structs"
	"unsafe"
)

// The types of this file are those of vulkan_core.h on machines of 64 bits. Handles of objects
// that calls are made on are pointers, and all other handles are numbers of 64 bits.
type (
	instance       uintptr
	physicalDevice uintptr
	logicalDevice  uintptr
	queue          uintptr
	commandBuffer  uintptr
	handle         uint64
)

type applicationInfo struct {
	_ structs.HostLayout

	sType              uint32
	next               unsafe.Pointer
	applicationName    *byte
	applicationVersion uint32
	engineName         *byte
	engineVersion      uint32
	apiVersion         uint32
}

type instanceCreateInfo struct {
	_ structs.HostLayout

	sType          uint32
	next           unsafe.Pointer
	flags          uint32
	application    *applicationInfo
	layerCount     uint32
	layers         **byte
	extensionCount uint32
	extensions     **byte
}

type deviceQueueCreateInfo struct {
	_ structs.HostLayout

	sType       uint32
	next        unsafe.Pointer
	flags       uint32
	queueFamily uint32
	queueCount  uint32
	priorities  *float32
}

type deviceCreateInfo struct {
	_ structs.HostLayout

	sType          uint32
	next           unsafe.Pointer
	flags          uint32
	queueInfoCount uint32
	queueInfos     *deviceQueueCreateInfo
	layerCount     uint32
	layers         **byte
	extensionCount uint32
	extensions     **byte
	features       *features
}

// features are 55 flags of 32 bits, of which these places count.
type features [55]uint32

const (
	featureRobustBufferAccess = 0
	featureShaderInt64        = 40
)

type features2 struct {
	_ structs.HostLayout

	sType    uint32
	next     unsafe.Pointer
	features features
}

type dotProductFeatures struct {
	_ structs.HostLayout

	sType     uint32
	next      unsafe.Pointer
	supported uint32
}

// chained is how each structure begins that another one may point to.
type chained struct {
	_ structs.HostLayout

	sType uint32
	next  unsafe.Pointer
}

type matrixFeatures struct {
	_ structs.HostLayout

	sType     uint32
	next      unsafe.Pointer
	supported uint32
	robust    uint32
}

type memoryModelFeatures struct {
	_ structs.HostLayout

	sType       uint32
	next        unsafe.Pointer
	supported   uint32
	deviceScope uint32
	chains      uint32
}

type smallIntegerFeatures struct {
	_ structs.HostLayout

	sType   uint32
	next    unsafe.Pointer
	float16 uint32
	int8    uint32
}

type subgroupFeatures struct {
	_ structs.HostLayout

	sType       uint32
	next        unsafe.Pointer
	sizeControl uint32
	full        uint32
}

type subgroupProperties struct {
	_ structs.HostLayout

	sType      uint32
	next       unsafe.Pointer
	size       uint32
	stages     uint32
	operations uint32
	quad       uint32
}

type matrixProperties struct {
	_ structs.HostLayout

	sType           uint32
	next            unsafe.Pointer
	m, n, k         uint32
	a, b, c, result uint32
	saturates       uint32
	scope           uint32
}

type idProperties struct {
	_ structs.HostLayout

	sType      uint32
	next       unsafe.Pointer
	deviceUUID [16]byte
	driverUUID [16]byte
	deviceLUID [8]byte
	nodeMask   uint32
	luidValid  uint32
}

type driverProperties struct {
	_ structs.HostLayout

	sType       uint32
	next        unsafe.Pointer
	id          uint32
	name        [256]byte
	info        [256]byte
	conformance [4]byte
}

type maintenance3Properties struct {
	_ structs.HostLayout

	sType             uint32
	next              unsafe.Pointer
	maxSetDescriptors uint32
	maxAllocationSize uint64
}

type properties2 struct {
	_ structs.HostLayout

	sType      uint32
	next       unsafe.Pointer
	properties properties
}

type properties struct {
	_ structs.HostLayout

	apiVersion    uint32
	driverVersion uint32
	vendor        uint32
	device        uint32
	kind          uint32
	name          [256]byte
	cacheUUID     [16]byte
	limits        limits
	sparse        [5]uint32
}

// limits has names for the limits that this package observes, and gaps for the others.
type limits struct {
	_ structs.HostLayout

	_                         [5]uint32 // images and texel buffers, up to maxImageArrayLayers
	_                         [2]uint32 // maxTexelBufferElements, maxUniformBufferRange
	maxStorageBufferRange     uint32
	maxPushConstantsSize      uint32
	maxMemoryAllocationCount  uint32
	_                         [1]uint32 // maxSamplerAllocationCount
	_                         [2]uint64 // bufferImageGranularity, sparseAddressSpaceSize
	_                         [3]uint32 // maxBoundDescriptorSets, samplers and uniform buffers of a stage
	maxStageStorageBuffers    uint32
	_                         [34]uint32 // up to maxFragmentCombinedOutputResources
	maxComputeSharedMemory    uint32
	maxComputeGroupCount      [3]uint32
	maxComputeInvocations     uint32
	maxComputeGroupSize       [3]uint32
	_                         [14]uint32 // up to viewportSubPixelBits
	minMemoryMapAlignment     uint64
	_                         [1]uint64 // minTexelBufferOffsetAlignment
	_                         [1]uint64 // minUniformBufferOffsetAlignment
	minStorageOffsetAlignment uint64
	_                         [40]uint32 // up to optimalBufferCopyRowPitchAlignment
	nonCoherentAtomSize       uint64
}

type memoryType struct {
	_ structs.HostLayout

	flags, heap uint32
}

type memoryHeap struct {
	_ structs.HostLayout

	size  uint64
	flags uint32
	_     uint32
}

type memoryProperties struct {
	_ structs.HostLayout

	typeCount uint32
	types     [32]memoryType
	heapCount uint32
	heaps     [16]memoryHeap
}

type queueFamilyProperties struct {
	_ structs.HostLayout

	flags       uint32
	count       uint32
	timestamp   uint32
	granularity [3]uint32
}

type extensionProperties struct {
	_ structs.HostLayout

	name    [256]byte
	version uint32
}

type bufferCreateInfo struct {
	_ structs.HostLayout

	sType       uint32
	next        unsafe.Pointer
	flags       uint32
	size        uint64
	usage       uint32
	sharing     uint32
	familyCount uint32
	families    *uint32
}

type memoryRequirements struct {
	_ structs.HostLayout

	size      uint64
	alignment uint64
	typeBits  uint32
	_         uint32
}

type memoryAllocateInfo struct {
	_ structs.HostLayout

	sType      uint32
	next       unsafe.Pointer
	size       uint64
	memoryType uint32
	_          uint32
}
