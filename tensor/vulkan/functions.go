package vulkan

import (
	"fmt"
	"unsafe"
)

// function is the address of a function of the driver.
type function uintptr

// call calls a function that returns a VkResult. Pointers have to be converted to uintptr in the
// list of arguments, so that what they point to stays where it is until the function returns.
//
//go:uintptrescapes
func (f function) call(args ...uintptr) result {
	return result(int32(invoke(uintptr(f), args...)))
}

// do calls a function that returns nothing.
//
//go:uintptrescapes
func (f function) do(args ...uintptr) { invoke(uintptr(f), args...) }

// library holds the functions that need no instance.
type library struct {
	getInstanceProcAddr      function
	enumerateInstanceVersion function
	createInstance           function
}

// instanceFunctions are those of an instance.
type instanceFunctions struct {
	destroyInstance, enumeratePhysicalDevices                                                   function
	getPhysicalDeviceProperties2, getPhysicalDeviceFeatures2, getPhysicalDeviceMemoryProperties function
	getPhysicalDeviceQueueFamilyProperties, enumerateDeviceExtensionProperties                  function
	createDevice, getDeviceProcAddr                                                             function
}

// deviceFunctions are those of a device.
type deviceFunctions struct {
	destroyDevice, getDeviceQueue, deviceWaitIdle, queueSubmit                                  function
	createBuffer, destroyBuffer, getBufferMemoryRequirements, bindBufferMemory                  function
	allocateMemory, freeMemory, mapMemory                                                       function
	createShaderModule, destroyShaderModule, createComputePipelines, destroyPipeline            function
	createDescriptorSetLayout, destroyDescriptorSetLayout                                       function
	createPipelineLayout, destroyPipelineLayout                                                 function
	createDescriptorPool, destroyDescriptorPool, resetDescriptorPool                            function
	allocateDescriptorSets, updateDescriptorSets                                                function
	createCommandPool, destroyCommandPool, allocateCommandBuffers                               function
	beginCommandBuffer, endCommandBuffer, createFence, destroyFence, resetFences, waitForFences function
	cmdBindPipeline, cmdBindDescriptorSets, cmdPushConstants, cmdDispatch, cmdPipelineBarrier   function
	cmdCopyBuffer, cmdFillBuffer                                                                function
}

// named is a place for the address of a function.
type named struct {
	name  string
	place *function
}

// resolve looks up functions.
func resolve(functions []named, lookup func(name *byte) function) error {
	for _, f := range functions {
		if *f.place = lookup(text(f.name)); *f.place == 0 {
			return fmt.Errorf("expected the function %s of Vulkan, found none; update the driver", f.name)
		}
	}
	return nil
}

// text returns a string as in C.
func text(s string) *byte { return unsafe.SliceData(append([]byte(s), 0)) }

func (f *library) resolve() error {
	return resolve([]named{
		{"vkEnumerateInstanceVersion", &f.enumerateInstanceVersion},
		{"vkCreateInstance", &f.createInstance},
	}, func(name *byte) function { return f.lookup(0, name) })
}

// lookup returns a function of an instance.
func (f *library) lookup(of instance, name *byte) function {
	return function(invoke(uintptr(f.getInstanceProcAddr), uintptr(of), uintptr(unsafe.Pointer(name))))
}

func (f *instanceFunctions) resolve(from *library, of instance) error {
	return resolve([]named{
		{"vkDestroyInstance", &f.destroyInstance},
		{"vkEnumeratePhysicalDevices", &f.enumeratePhysicalDevices},
		{"vkGetPhysicalDeviceProperties2", &f.getPhysicalDeviceProperties2},
		{"vkGetPhysicalDeviceFeatures2", &f.getPhysicalDeviceFeatures2},
		{"vkGetPhysicalDeviceMemoryProperties", &f.getPhysicalDeviceMemoryProperties},
		{"vkGetPhysicalDeviceQueueFamilyProperties", &f.getPhysicalDeviceQueueFamilyProperties},
		{"vkEnumerateDeviceExtensionProperties", &f.enumerateDeviceExtensionProperties},
		{"vkCreateDevice", &f.createDevice},
		{"vkGetDeviceProcAddr", &f.getDeviceProcAddr},
	}, func(name *byte) function { return from.lookup(of, name) })
}

func (f *deviceFunctions) resolve(get function, of logicalDevice) error {
	return resolve([]named{
		{"vkDestroyDevice", &f.destroyDevice},
		{"vkGetDeviceQueue", &f.getDeviceQueue},
		{"vkDeviceWaitIdle", &f.deviceWaitIdle},
		{"vkQueueSubmit", &f.queueSubmit},
		{"vkCreateBuffer", &f.createBuffer},
		{"vkDestroyBuffer", &f.destroyBuffer},
		{"vkGetBufferMemoryRequirements", &f.getBufferMemoryRequirements},
		{"vkBindBufferMemory", &f.bindBufferMemory},
		{"vkAllocateMemory", &f.allocateMemory},
		{"vkFreeMemory", &f.freeMemory},
		{"vkMapMemory", &f.mapMemory},
		{"vkCreateShaderModule", &f.createShaderModule},
		{"vkDestroyShaderModule", &f.destroyShaderModule},
		{"vkCreateComputePipelines", &f.createComputePipelines},
		{"vkDestroyPipeline", &f.destroyPipeline},
		{"vkCreateDescriptorSetLayout", &f.createDescriptorSetLayout},
		{"vkDestroyDescriptorSetLayout", &f.destroyDescriptorSetLayout},
		{"vkCreatePipelineLayout", &f.createPipelineLayout},
		{"vkDestroyPipelineLayout", &f.destroyPipelineLayout},
		{"vkCreateDescriptorPool", &f.createDescriptorPool},
		{"vkDestroyDescriptorPool", &f.destroyDescriptorPool},
		{"vkResetDescriptorPool", &f.resetDescriptorPool},
		{"vkAllocateDescriptorSets", &f.allocateDescriptorSets},
		{"vkUpdateDescriptorSets", &f.updateDescriptorSets},
		{"vkCreateCommandPool", &f.createCommandPool},
		{"vkDestroyCommandPool", &f.destroyCommandPool},
		{"vkAllocateCommandBuffers", &f.allocateCommandBuffers},
		{"vkBeginCommandBuffer", &f.beginCommandBuffer},
		{"vkEndCommandBuffer", &f.endCommandBuffer},
		{"vkCreateFence", &f.createFence},
		{"vkDestroyFence", &f.destroyFence},
		{"vkResetFences", &f.resetFences},
		{"vkWaitForFences", &f.waitForFences},
		{"vkCmdBindPipeline", &f.cmdBindPipeline},
		{"vkCmdBindDescriptorSets", &f.cmdBindDescriptorSets},
		{"vkCmdPushConstants", &f.cmdPushConstants},
		{"vkCmdDispatch", &f.cmdDispatch},
		{"vkCmdPipelineBarrier", &f.cmdPipelineBarrier},
		{"vkCmdCopyBuffer", &f.cmdCopyBuffer},
		{"vkCmdFillBuffer", &f.cmdFillBuffer},
	}, func(name *byte) function {
		return function(invoke(uintptr(get), uintptr(of), uintptr(unsafe.Pointer(name))))
	})
}
