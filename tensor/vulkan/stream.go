package vulkan

import (
	"fmt"
	"time"
	"unsafe"

	"github.com/thetaedge/theta/tensor/vulkan/plan"
)

// Bounds of what is under way.
const (
	// slotCount is the number of command buffers that may be under way.
	slotCount = 4
	// setCount bounds the dispatches of a command buffer.
	setCount = 1024
	// bufferWork bounds the work of a command buffer: watchdogs of some systems count the whole.
	bufferWork = 1 << 32
)

// slot is a command buffer with what its commands use.
type slot struct {
	commands commandBuffer
	sets     handle
	fence    handle
	// used counts descriptor sets, and work is that of the dispatches.
	used int
	work uint64
	// sequence is the number that the last command leaves as a mark; 0 if nothing is under way.
	sequence uint32
}

// stream records commands, which take effect in order.
type stream struct {
	family   uint32
	pool     handle
	slots    [slotCount]slot
	next     int
	open     *slot
	sequence uint32
	marks    allocation
	// dirty is set if commands were recorded that later ones have to wait for.
	dirty bool
}

func (d *Device) openStream() error {
	s := &d.stream
	info := commandPoolCreateInfo{sType: typeCommandPoolCreateInfo, flags: commandPoolResets, queueFamily: s.family}
	if err := d.createCommandPool.call(uintptr(d.device), uintptr(unsafe.Pointer(&info)), 0, uintptr(unsafe.Pointer(&s.pool))).check("making a command pool"); err != nil {
		return err
	}
	var buffers [slotCount]commandBuffer
	allocate := commandBufferAllocateInfo{sType: typeCommandBufferAllocateInfo, pool: s.pool, count: slotCount}
	if err := d.allocateCommandBuffers.call(uintptr(d.device), uintptr(unsafe.Pointer(&allocate)), uintptr(unsafe.Pointer(&buffers[0]))).check("making command buffers"); err != nil {
		return err
	}
	size := descriptorPoolSize{kind: descriptorStorageBuffer, count: setCount * maxBindings}
	sets := descriptorPoolCreateInfo{sType: typeDescriptorPoolCreateInfo, maxSets: setCount, sizeCount: 1, sizes: &size}
	fence := fenceCreateInfo{sType: typeFenceCreateInfo}
	for i := range s.slots {
		at := &s.slots[i]
		at.commands = buffers[i]
		if err := d.createDescriptorPool.call(uintptr(d.device), uintptr(unsafe.Pointer(&sets)), 0, uintptr(unsafe.Pointer(&at.sets))).check("making a descriptor pool"); err != nil {
			return err
		}
		if err := d.createFence.call(uintptr(d.device), uintptr(unsafe.Pointer(&fence)), 0, uintptr(unsafe.Pointer(&at.fence))).check("making a fence"); err != nil {
			return err
		}
	}
	var err error
	s.marks, err = d.allocate(4*slotCount, memoryHostVisible|memoryHostCoherent, memoryHostCached)
	return err
}

func (s *stream) close(d *Device) {
	for _, at := range s.slots {
		d.destroyFence.do(uintptr(d.device), uintptr(at.fence), 0)
		d.destroyDescriptorPool.do(uintptr(d.device), uintptr(at.sets), 0)
	}
	d.destroyCommandPool.do(uintptr(d.device), uintptr(s.pool), 0)
	s.marks.close(d)
}

// begin makes sure that a command buffer is open.
func (d *Device) begin() error {
	s := &d.stream
	if d.lost != nil {
		return d.lost
	}
	if s.open != nil {
		return nil
	}
	at := &s.slots[s.next]
	if err := d.await(at); err != nil {
		return err
	}
	s.next = (s.next + 1) % slotCount
	at.used, at.work = 0, 0
	if err := d.resetDescriptorPool.call(uintptr(d.device), uintptr(at.sets), 0).check("resetting descriptors"); err != nil {
		return d.fail(err)
	}
	info := commandBufferBeginInfo{sType: typeCommandBufferBeginInfo, flags: commandBufferOnce}
	if err := d.beginCommandBuffer.call(uintptr(at.commands), uintptr(unsafe.Pointer(&info))).check("beginning a command buffer"); err != nil {
		return d.fail(err)
	}
	s.open = at
	return nil
}

// barrier makes commands that follow wait for those before, and see what they wrote.
func (d *Device) barrier() error {
	if err := d.begin(); err != nil {
		return err
	}
	if d.stream.dirty {
		d.order(pipelineStageCompute|pipelineStageTransfer, accessShaderRead|accessShaderWrite|accessTransferRead|accessTransferWrite)
		d.stream.dirty = false
	}
	return nil
}

// order records a barrier before a kind of use.
func (d *Device) order(stages, access uint32) {
	b := memoryBarrier{sType: typeMemoryBarrier, source: accessShaderWrite | accessTransferWrite, destination: access}
	d.cmdPipelineBarrier.do(uintptr(d.stream.open.commands), pipelineStageCompute|pipelineStageTransfer, uintptr(stages), 0, 1, uintptr(unsafe.Pointer(&b)), 0, 0, 0, 0)
}

// flush submits what was recorded. The last command leaves a mark, for drivers have been seen to lose
// a dispatch without an error.
func (d *Device) flush() error {
	s := &d.stream
	if s.open == nil || d.lost != nil {
		return d.lost
	}
	at := s.open
	s.sequence = max(s.sequence+1, 1)
	d.order(pipelineStageTransfer, accessTransferWrite)
	d.cmdFillBuffer.do(uintptr(at.commands), uintptr(s.marks.buffer), uintptr(4*s.place(at)), 4, uintptr(s.sequence))
	d.order(pipelineStageHost, accessHostRead)
	s.dirty = true
	if err := d.endCommandBuffer.call(uintptr(at.commands)).check("ending a command buffer"); err != nil {
		return d.fail(err)
	}
	info := submitInfo{sType: typeSubmitInfo, bufferCount: 1, buffers: &at.commands}
	if err := d.queueSubmit.call(uintptr(d.queue), 1, uintptr(unsafe.Pointer(&info)), uintptr(at.fence)).check("submitting commands"); err != nil {
		return d.fail(err)
	}
	at.sequence, s.open = s.sequence, nil
	return nil
}

// place returns the index of a slot.
func (s *stream) place(at *slot) int {
	for i := range s.slots {
		if at == &s.slots[i] {
			return i
		}
	}
	return 0
}

// await waits for the commands of a slot.
func (d *Device) await(at *slot) error {
	if at.sequence == 0 || d.lost != nil {
		return d.lost
	}
	if err := d.awaitFence(at).check("waiting for commands"); err != nil {
		return d.fail(fmt.Errorf("%w after at most %v", err, d.timeout.Round(time.Millisecond)))
	}
	if mark := d.stream.marks.words()[d.stream.place(at)]; mark != at.sequence {
		return d.fail(fmt.Errorf("%w: expected the mark %d of the last command, found %d", ErrLost, at.sequence, mark))
	}
	at.sequence = 0
	return d.fail(d.resetFences.call(uintptr(d.device), 1, uintptr(unsafe.Pointer(&at.fence))).check("resetting a fence"))
}

// mostWait is the time of one call of the driver that waits.
const mostWait = time.Second

// awaitFence waits for the fence of a slot in steps. The driver's clock goes on while this process is
// suspended, but the kernels of a processor stop with it: of the time of a suspension, only the rest
// of one step counts.
func (d *Device) awaitFence(at *slot) result {
	for left := d.timeout; ; left -= mostWait {
		step := min(left, mostWait)
		got := d.waitForFences.call(uintptr(d.device), 1, uintptr(unsafe.Pointer(&at.fence)), 1, uintptr(step.Nanoseconds()))
		if got != timeout || left <= mostWait {
			return got
		}
	}
}

// finish waits for everything that was recorded.
func (d *Device) finish() error {
	if err := d.flush(); err != nil {
		return err
	}
	for i := range d.stream.slots {
		if err := d.await(&d.stream.slots[(d.stream.next+i)%slotCount]); err != nil {
			return err
		}
	}
	d.staging.used = 0
	d.arena.collect(d)
	return nil
}

// window is what a binding shows of a buffer.
type window struct {
	buffer     handle
	from, size uint64
}

// dispatch records a run of a kernel. Params are those of the kernel and the words at which operands
// begin in their windows.
func (d *Device) dispatch(kernel string, windows *[maxBindings]window, params *[plan.Params + plan.Bindings]uint32, groups [3]uint64, work uint64) error {
	s := &d.stream
	if s.open != nil && (s.open.used == setCount || s.open.work+work > bufferWork && s.open.used > 0) {
		if err := d.flush(); err != nil {
			return err
		}
		if err := d.barrier(); err != nil {
			return err
		}
	}
	if err := d.begin(); err != nil {
		return err
	}
	pipeline, err := d.pipeline(kernel)
	if err != nil {
		return err
	}
	at := s.open
	var set handle
	allocate := descriptorSetAllocateInfo{sType: typeDescriptorSetAllocateInfo, pool: at.sets, count: 1, layouts: &d.pipelines.sets}
	if err := d.allocateDescriptorSets.call(uintptr(d.device), uintptr(unsafe.Pointer(&allocate)), uintptr(unsafe.Pointer(&set))).check("making a descriptor set"); err != nil {
		return d.fail(err)
	}
	at.used++
	at.work += work
	var buffers [maxBindings]descriptorBufferInfo
	for i, w := range windows {
		buffers[i] = descriptorBufferInfo{buffer: w.buffer, offset: w.from, size: w.size}
	}
	write := writeDescriptorSet{sType: typeWriteDescriptorSet, set: set, count: maxBindings, kind: descriptorStorageBuffer, buffers: &buffers[0]}
	d.updateDescriptorSets.do(uintptr(d.device), 1, uintptr(unsafe.Pointer(&write)), 0, 0)
	c := uintptr(at.commands)
	d.cmdBindPipeline.do(c, bindPointCompute, uintptr(pipeline))
	d.cmdBindDescriptorSets.do(c, bindPointCompute, uintptr(d.pipelines.layout), 0, 1, uintptr(unsafe.Pointer(&set)), 0, 0)
	d.cmdPushConstants.do(c, uintptr(d.pipelines.layout), stageCompute, 0, pushBytes, uintptr(unsafe.Pointer(params)))
	d.cmdDispatch.do(c, uintptr(groups[0]), uintptr(groups[1]), uintptr(groups[2]))
	s.dirty = true
	return nil
}
