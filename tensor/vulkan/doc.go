// Package vulkan executes the operations of the profile tensor/1 on devices of Vulkan 1.1: graphics
// cards, and drivers that compute on a processor. It needs no C compiler: it opens the library of
// the machine when a device is listed or opened.
//
// A device needs robust access to buffers (robustBufferAccess). Where it has no integers of 64 bits in
// shaders (shaderInt64), kernels compute with pairs of words instead. Sums of products of eight bits use
// the instructions of VK_KHR_shader_integer_dot_product, and products that fill tiles use the cooperative
// matrices of VK_KHR_cooperative_matrix, if the device has them and they pass a test with random numbers
// when the device is opened. A device with which the driver fails in that test is opened without cooperative
// matrices. Package plan divides operations so that no dispatch takes
// long and no binding is larger than a device allows; package kernel holds the kernels. An
// operation that cannot be divided in this way (a row beyond a binding, or beyond what one
// workgroup should walk over) is executed by tensor/cpu on a copy.
//
// Calls run in the order in which they were asked for, and nothing but Wait, Read, and the
// reuse of staging memory or of one of a few command buffers waits for the device. A device
// that does not answer in time, or whose last command has left no mark, is lost: every call
// fails with ErrLost from then on.
package vulkan
