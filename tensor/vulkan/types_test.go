//go:build (linux || windows || darwin) && (amd64 || arm64)

package vulkan

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// The sizes and places are those of a C compiler for the header of Vulkan 1.3.239 on amd64.
func TestStructuresLieAsInC(t *testing.T) {
	for _, field := range []struct {
		name       string
		here, want uintptr
	}{
		{"applicationInfo", unsafe.Sizeof(applicationInfo{}), 48},
		{"instanceCreateInfo", unsafe.Sizeof(instanceCreateInfo{}), 64},
		{"deviceQueueCreateInfo", unsafe.Sizeof(deviceQueueCreateInfo{}), 40},
		{"deviceCreateInfo", unsafe.Sizeof(deviceCreateInfo{}), 72},
		{"features", unsafe.Sizeof(features{}), 220},
		{"features2", unsafe.Sizeof(features2{}), 240},
		{"dotProductFeatures", unsafe.Sizeof(dotProductFeatures{}), 24},
		{"idProperties", unsafe.Sizeof(idProperties{}), 64},
		{"driverProperties", unsafe.Sizeof(driverProperties{}), 536},
		{"maintenance3Properties", unsafe.Sizeof(maintenance3Properties{}), 32},
		{"properties2", unsafe.Sizeof(properties2{}), 840},
		{"properties", unsafe.Sizeof(properties{}), 824},
		{"limits", unsafe.Sizeof(limits{}), 504},
		{"memoryType", unsafe.Sizeof(memoryType{}), 8},
		{"memoryHeap", unsafe.Sizeof(memoryHeap{}), 16},
		{"memoryProperties", unsafe.Sizeof(memoryProperties{}), 520},
		{"queueFamilyProperties", unsafe.Sizeof(queueFamilyProperties{}), 24},
		{"extensionProperties", unsafe.Sizeof(extensionProperties{}), 260},
		{"bufferCreateInfo", unsafe.Sizeof(bufferCreateInfo{}), 56},
		{"memoryRequirements", unsafe.Sizeof(memoryRequirements{}), 24},
		{"memoryAllocateInfo", unsafe.Sizeof(memoryAllocateInfo{}), 32},
		{"shaderModuleCreateInfo", unsafe.Sizeof(shaderModuleCreateInfo{}), 40},
		{"descriptorSetLayoutBinding", unsafe.Sizeof(descriptorSetLayoutBinding{}), 24},
		{"descriptorSetLayoutCreateInfo", unsafe.Sizeof(descriptorSetLayoutCreateInfo{}), 32},
		{"pushConstantRange", unsafe.Sizeof(pushConstantRange{}), 12},
		{"pipelineLayoutCreateInfo", unsafe.Sizeof(pipelineLayoutCreateInfo{}), 48},
		{"pipelineStageCreateInfo", unsafe.Sizeof(pipelineStageCreateInfo{}), 48},
		{"computePipelineCreateInfo", unsafe.Sizeof(computePipelineCreateInfo{}), 96},
		{"descriptorPoolSize", unsafe.Sizeof(descriptorPoolSize{}), 8},
		{"descriptorPoolCreateInfo", unsafe.Sizeof(descriptorPoolCreateInfo{}), 40},
		{"descriptorSetAllocateInfo", unsafe.Sizeof(descriptorSetAllocateInfo{}), 40},
		{"descriptorBufferInfo", unsafe.Sizeof(descriptorBufferInfo{}), 24},
		{"writeDescriptorSet", unsafe.Sizeof(writeDescriptorSet{}), 64},
		{"commandPoolCreateInfo", unsafe.Sizeof(commandPoolCreateInfo{}), 24},
		{"commandBufferAllocateInfo", unsafe.Sizeof(commandBufferAllocateInfo{}), 32},
		{"commandBufferBeginInfo", unsafe.Sizeof(commandBufferBeginInfo{}), 32},
		{"memoryBarrier", unsafe.Sizeof(memoryBarrier{}), 24},
		{"bufferCopy", unsafe.Sizeof(bufferCopy{}), 24},
		{"fenceCreateInfo", unsafe.Sizeof(fenceCreateInfo{}), 24},
		{"submitInfo", unsafe.Sizeof(submitInfo{}), 72},
		{"maxStorageBufferRange", unsafe.Offsetof(limits{}.maxStorageBufferRange), 28},
		{"maxPushConstantsSize", unsafe.Offsetof(limits{}.maxPushConstantsSize), 32},
		{"maxMemoryAllocationCount", unsafe.Offsetof(limits{}.maxMemoryAllocationCount), 36},
		{"maxStageStorageBuffers", unsafe.Offsetof(limits{}.maxStageStorageBuffers), 76},
		{"maxComputeSharedMemory", unsafe.Offsetof(limits{}.maxComputeSharedMemory), 216},
		{"maxComputeGroupCount", unsafe.Offsetof(limits{}.maxComputeGroupCount), 220},
		{"maxComputeInvocations", unsafe.Offsetof(limits{}.maxComputeInvocations), 232},
		{"maxComputeGroupSize", unsafe.Offsetof(limits{}.maxComputeGroupSize), 236},
		{"minMemoryMapAlignment", unsafe.Offsetof(limits{}.minMemoryMapAlignment), 304},
		{"minStorageOffsetAlignment", unsafe.Offsetof(limits{}.minStorageOffsetAlignment), 328},
		{"nonCoherentAtomSize", unsafe.Offsetof(limits{}.nonCoherentAtomSize), 496},
		{"properties.limits", unsafe.Offsetof(properties{}.limits), 296},
		{"computePipelineCreateInfo.layout", unsafe.Offsetof(computePipelineCreateInfo{}.layout), 72},
		{"writeDescriptorSet.buffers", unsafe.Offsetof(writeDescriptorSet{}.buffers), 48},
		{"submitInfo.buffers", unsafe.Offsetof(submitInfo{}.buffers), 48},
	} {
		require.Equal(t, field.want, field.here, field.name)
	}
}
