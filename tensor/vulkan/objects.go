package vulkan

import (
	"structs"
	"unsafe"
)

// The structures of this file make kernels and commands: see types.go.

type shaderModuleCreateInfo struct {
	_ structs.HostLayout

	sType    uint32
	next     unsafe.Pointer
	flags    uint32
	codeSize uint64
	code     *uint32
}

type descriptorSetLayoutBinding struct {
	_ structs.HostLayout

	binding  uint32
	kind     uint32
	count    uint32
	stages   uint32
	samplers unsafe.Pointer
}

type descriptorSetLayoutCreateInfo struct {
	_ structs.HostLayout

	sType        uint32
	next         unsafe.Pointer
	flags        uint32
	bindingCount uint32
	bindings     *descriptorSetLayoutBinding
}

type pushConstantRange struct {
	_ structs.HostLayout

	stages, offset, size uint32
}

type pipelineLayoutCreateInfo struct {
	_ structs.HostLayout

	sType        uint32
	next         unsafe.Pointer
	flags        uint32
	setCount     uint32
	sets         *handle
	pushCount    uint32
	pushConstant *pushConstantRange
}

type pipelineStageCreateInfo struct {
	_ structs.HostLayout

	sType          uint32
	next           unsafe.Pointer
	flags          uint32
	stage          uint32
	module         handle
	name           *byte
	specialization *specializationInfo
}

type specializationEntry struct {
	_ structs.HostLayout

	constant uint32
	offset   uint32
	size     uint64
}

type specializationInfo struct {
	_ structs.HostLayout

	count   uint32
	entries *specializationEntry
	size    uint64
	values  *uint32
}

type computePipelineCreateInfo struct {
	_ structs.HostLayout

	sType     uint32
	next      unsafe.Pointer
	flags     uint32
	stage     pipelineStageCreateInfo
	layout    handle
	base      handle
	baseIndex int32
	_         uint32
}

type descriptorPoolSize struct {
	_ structs.HostLayout

	kind, count uint32
}

type descriptorPoolCreateInfo struct {
	_ structs.HostLayout

	sType     uint32
	next      unsafe.Pointer
	flags     uint32
	maxSets   uint32
	sizeCount uint32
	sizes     *descriptorPoolSize
}

type descriptorSetAllocateInfo struct {
	_ structs.HostLayout

	sType   uint32
	next    unsafe.Pointer
	pool    handle
	count   uint32
	layouts *handle
}

type descriptorBufferInfo struct {
	_ structs.HostLayout

	buffer handle
	offset uint64
	size   uint64
}

type writeDescriptorSet struct {
	_ structs.HostLayout

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
	_ structs.HostLayout

	sType       uint32
	next        unsafe.Pointer
	flags       uint32
	queueFamily uint32
}

type commandBufferAllocateInfo struct {
	_ structs.HostLayout

	sType uint32
	next  unsafe.Pointer
	pool  handle
	level uint32
	count uint32
}

type commandBufferBeginInfo struct {
	_ structs.HostLayout

	sType       uint32
	next        unsafe.Pointer
	flags       uint32
	inheritance unsafe.Pointer
}

type memoryBarrier struct {
	_ structs.HostLayout

	sType       uint32
	next        unsafe.Pointer
	source      uint32
	destination uint32
}

type bufferCopy struct {
	_ structs.HostLayout

	from, to, size uint64
}

type fenceCreateInfo struct {
	_ structs.HostLayout

	sType uint32
	next  unsafe.Pointer
	flags uint32
}

type submitInfo struct {
	_ structs.HostLayout

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
