package vulkan

import "unsafe"

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

// Values of sType.
const (
	typeApplicationInfo            = 0
	typeInstanceCreateInfo         = 1
	typeDeviceQueueCreateInfo      = 2
	typeDeviceCreateInfo           = 3
	typeSubmitInfo                 = 4
	typeMemoryAllocateInfo         = 5
	typeFenceCreateInfo            = 8
	typeBufferCreateInfo           = 12
	typeShaderModuleCreateInfo     = 16
	typePipelineStageCreateInfo    = 18
	typeComputePipelineCreateInfo  = 29
	typePipelineLayoutCreateInfo   = 30
	typeDescriptorLayoutCreateInfo = 32
	typeDescriptorPoolCreateInfo   = 33
	typeDescriptorSetAllocateInfo  = 34
	typeWriteDescriptorSet         = 35
	typeCommandPoolCreateInfo      = 39
	typeCommandBufferAllocateInfo  = 40
	typeCommandBufferBeginInfo     = 42
	typeMemoryBarrier              = 46
	typeFeatures2                  = 1000059000
	typeProperties2                = 1000059001
	typeIDProperties               = 1000071004
	typeMaintenance3Properties     = 1000168000
	typeDotProductFeatures         = 1000280000
)

// Bits and values of other enumerations.
const (
	queueGraphics             = 1
	queueCompute              = 2
	memoryDeviceLocal         = 1
	memoryHostVisible         = 2
	memoryHostCoherent        = 4
	memoryHostCached          = 8
	usageTransferSource       = 1
	usageTransferDestination  = 2
	usageStorageBuffer        = 32
	descriptorStorageBuffer   = 7
	stageCompute              = 0x20
	bindPointCompute          = 1
	pipelineStageCompute      = 0x800
	pipelineStageTransfer     = 0x1000
	pipelineStageHost         = 0x4000
	accessShaderRead          = 0x20
	accessShaderWrite         = 0x40
	accessTransferRead        = 0x800
	accessTransferWrite       = 0x1000
	accessHostRead            = 0x2000
	commandPoolResets         = 2
	commandBufferOnce         = 1
	wholeSize                 = ^uint64(0)
	version11                 = 1<<22 | 1<<12
	instanceEnumeratePortable = 1
)

type applicationInfo struct {
	sType              uint32
	next               unsafe.Pointer
	applicationName    *byte
	applicationVersion uint32
	engineName         *byte
	engineVersion      uint32
	apiVersion         uint32
}

type instanceCreateInfo struct {
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
	sType       uint32
	next        unsafe.Pointer
	flags       uint32
	queueFamily uint32
	queueCount  uint32
	priorities  *float32
}

type deviceCreateInfo struct {
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
	sType    uint32
	next     unsafe.Pointer
	features features
}

type dotProductFeatures struct {
	sType     uint32
	next      unsafe.Pointer
	supported uint32
}

type idProperties struct {
	sType      uint32
	next       unsafe.Pointer
	deviceUUID [16]byte
	driverUUID [16]byte
	deviceLUID [8]byte
	nodeMask   uint32
	luidValid  uint32
}

type maintenance3Properties struct {
	sType             uint32
	next              unsafe.Pointer
	maxSetDescriptors uint32
	maxAllocationSize uint64
}

type properties2 struct {
	sType      uint32
	next       unsafe.Pointer
	properties properties
}

type properties struct {
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

type memoryType struct{ flags, heap uint32 }

type memoryHeap struct {
	size  uint64
	flags uint32
	_     uint32
}

type memoryProperties struct {
	typeCount uint32
	types     [32]memoryType
	heapCount uint32
	heaps     [16]memoryHeap
}

type queueFamilyProperties struct {
	flags       uint32
	count       uint32
	timestamp   uint32
	granularity [3]uint32
}

type extensionProperties struct {
	name    [256]byte
	version uint32
}

type bufferCreateInfo struct {
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
	size      uint64
	alignment uint64
	typeBits  uint32
	_         uint32
}

type memoryAllocateInfo struct {
	sType      uint32
	next       unsafe.Pointer
	size       uint64
	memoryType uint32
	_          uint32
}

type shaderModuleCreateInfo struct {
	sType    uint32
	next     unsafe.Pointer
	flags    uint32
	codeSize uint64
	code     *uint32
}

type descriptorSetLayoutBinding struct {
	binding  uint32
	kind     uint32
	count    uint32
	stages   uint32
	samplers unsafe.Pointer
}

type descriptorSetLayoutCreateInfo struct {
	sType        uint32
	next         unsafe.Pointer
	flags        uint32
	bindingCount uint32
	bindings     *descriptorSetLayoutBinding
}

type pushConstantRange struct{ stages, offset, size uint32 }

type pipelineLayoutCreateInfo struct {
	sType        uint32
	next         unsafe.Pointer
	flags        uint32
	setCount     uint32
	sets         *handle
	pushCount    uint32
	pushConstant *pushConstantRange
}

type pipelineStageCreateInfo struct {
	sType          uint32
	next           unsafe.Pointer
	flags          uint32
	stage          uint32
	module         handle
	name           *byte
	specialization unsafe.Pointer
}

type computePipelineCreateInfo struct {
	sType     uint32
	next      unsafe.Pointer
	flags     uint32
	stage     pipelineStageCreateInfo
	layout    handle
	base      handle
	baseIndex int32
	_         uint32
}

type descriptorPoolSize struct{ kind, count uint32 }

type descriptorPoolCreateInfo struct {
	sType     uint32
	next      unsafe.Pointer
	flags     uint32
	maxSets   uint32
	sizeCount uint32
	sizes     *descriptorPoolSize
}

type descriptorSetAllocateInfo struct {
	sType   uint32
	next    unsafe.Pointer
	pool    handle
	count   uint32
	layouts *handle
}

type descriptorBufferInfo struct {
	buffer handle
	offset uint64
	size   uint64
}

type writeDescriptorSet struct {
	sType     uint32
	next      unsafe.Pointer
	set       handle
	binding   uint32
	element   uint32
	count     uint32
	kind      uint32
	images    unsafe.Pointer
	buffers   *descriptorBufferInfo
	texelView unsafe.Pointer
}

type commandPoolCreateInfo struct {
	sType       uint32
	next        unsafe.Pointer
	flags       uint32
	queueFamily uint32
}

type commandBufferAllocateInfo struct {
	sType uint32
	next  unsafe.Pointer
	pool  handle
	level uint32
	count uint32
}

type commandBufferBeginInfo struct {
	sType       uint32
	next        unsafe.Pointer
	flags       uint32
	inheritance unsafe.Pointer
}

type memoryBarrier struct {
	sType       uint32
	next        unsafe.Pointer
	source      uint32
	destination uint32
}

type bufferCopy struct{ from, to, size uint64 }

type fenceCreateInfo struct {
	sType uint32
	next  unsafe.Pointer
	flags uint32
}

type submitInfo struct {
	sType       uint32
	next        unsafe.Pointer
	waitCount   uint32
	waits       *handle
	waitStages  *uint32
	bufferCount uint32
	buffers     *commandBuffer
	signalCount uint32
	signals     *handle
}
