package vulkan

import (
	"fmt"
	"unsafe"

	"github.com/thetaedge/theta/tensor/vulkan/kernel"
)

// pipelines are kernels that the driver has compiled. All have the same layout.
type pipelines struct {
	sets     handle
	layout   handle
	compiled map[string]handle
}

func (d *Device) openPipelines() error {
	p := &d.pipelines
	p.compiled = map[string]handle{}
	var bindings [maxBindings]descriptorSetLayoutBinding
	for i := range bindings {
		bindings[i] = descriptorSetLayoutBinding{binding: uint32(i), kind: descriptorStorageBuffer, count: 1, stages: stageCompute}
	}
	sets := descriptorSetLayoutCreateInfo{sType: typeDescriptorLayoutCreateInfo, bindingCount: maxBindings, bindings: &bindings[0]}
	if err := d.createDescriptorSetLayout.call(uintptr(d.device), uintptr(unsafe.Pointer(&sets)), 0, uintptr(unsafe.Pointer(&p.sets))).check("making the layout of bindings"); err != nil {
		return err
	}
	push := pushConstantRange{stages: stageCompute, size: pushBytes}
	layout := pipelineLayoutCreateInfo{sType: typePipelineLayoutCreateInfo, setCount: 1, sets: &p.sets, pushCount: 1, pushConstant: &push}
	return d.createPipelineLayout.call(uintptr(d.device), uintptr(unsafe.Pointer(&layout)), 0, uintptr(unsafe.Pointer(&p.layout))).check("making the layout of kernels")
}

func (p *pipelines) close(d *Device) {
	for _, pipeline := range p.compiled {
		d.destroyPipeline.do(uintptr(d.device), uintptr(pipeline), 0)
	}
	d.destroyPipelineLayout.do(uintptr(d.device), uintptr(p.layout), 0)
	d.destroyDescriptorSetLayout.do(uintptr(d.device), uintptr(p.sets), 0)
}

// pipeline returns a kernel, which the driver compiles when it is used for the first time.
func (d *Device) pipeline(name string) (handle, error) {
	var constants *specializationInfo
	var flags uint32
	switch {
	case d.matrices.some() && kernel.HasMatrices(name):
		name, constants, flags = kernel.WithMatrices(name), d.matrices.constants(), stageFullSubgroups
	case d.dots && kernel.HasDots(name):
		name = kernel.WithDots(name)
	}
	if d.narrow {
		name = kernel.Narrow(name)
	}
	if p, found := d.pipelines.compiled[name]; found {
		return p, nil
	}
	code, err := kernel.Code(name)
	if err != nil {
		return 0, err
	}
	var module handle
	shader := shaderModuleCreateInfo{sType: typeShaderModuleCreateInfo, codeSize: uint64(len(code)) * 4, code: &code[0]}
	if err := d.createShaderModule.call(uintptr(d.device), uintptr(unsafe.Pointer(&shader)), 0, uintptr(unsafe.Pointer(&module))).check("loading the kernel " + name); err != nil {
		return 0, err
	}
	defer func() { d.destroyShaderModule.do(uintptr(d.device), uintptr(module), 0) }()
	info := computePipelineCreateInfo{
		sType: typeComputePipelineCreateInfo, layout: d.pipelines.layout, baseIndex: -1,
		stage: pipelineStageCreateInfo{
			sType: typePipelineStageCreateInfo, flags: flags, stage: stageCompute, module: module, name: text("main"), specialization: constants,
		},
	}
	var p handle
	r := d.createComputePipelines.call(uintptr(d.device), 0, 1, uintptr(unsafe.Pointer(&info)), 0, uintptr(unsafe.Pointer(&p)))
	if err := r.check("compiling the kernel " + name); err != nil {
		return 0, fmt.Errorf("%s: %w", d.info.Name, err)
	}
	d.pipelines.compiled[name] = p
	return p, nil
}
