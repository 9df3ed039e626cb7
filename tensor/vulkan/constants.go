package vulkan

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
	typeSmallIntegerFeatures       = 1000082000
	typeSubgroupProperties         = 1000094000
	typeMaintenance3Properties     = 1000168000
	typeDriverProperties           = 1000196000
	typeMemoryModelFeatures        = 1000211000
	typeSubgroupFeatures           = 1000225002
	typeDotProductFeatures         = 1000280000
	typeMatrixFeatures             = 1000506000
	typeMatrixProperties           = 1000506001
)

// Bits and values of other enumerations.
const (
	queueGraphics            = 1
	queueCompute             = 2
	memoryDeviceLocal        = 1
	memoryHostVisible        = 2
	memoryHostCoherent       = 4
	memoryHostCached         = 8
	usageTransferSource      = 1
	usageTransferDestination = 2
	usageStorageBuffer       = 32
	descriptorStorageBuffer  = 7
	stageCompute             = 0x20
	stageFullSubgroups       = 2
	bindPointCompute         = 1
	pipelineStageCompute     = 0x800
	pipelineStageTransfer    = 0x1000
	pipelineStageHost        = 0x4000
	accessShaderRead         = 0x20
	accessShaderWrite        = 0x40
	accessTransferRead       = 0x800
	accessTransferWrite      = 0x1000
	accessHostRead           = 0x2000
	commandPoolResets        = 2
	commandBufferOnce        = 1
	componentSigned8         = 3
	componentSigned32        = 5
	scopeSubgroup            = 3
	subgroupBasic            = 1
	wholeSize                = ^uint64(0)
	version11                = 1<<22 | 1<<12
)
