package cuda

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/thetaedge/theta/tensor/cuda/kernel"
	"github.com/thetaedge/theta/tensor/vulkan/plan"
)

// kernels are those that the driver has compiled, by the names of their files.
type kernels struct {
	modules   map[string]uintptr
	functions map[string]uintptr
}

// Options of the driver's compiler (CUjit_option): a buffer for its errors, and the size of that in bytes.
const (
	optionErrorLog     = 5
	optionErrorLogSize = 6
	errorLogSize       = 8 << 10
)

// kernel returns a kernel, which the driver compiles when it is used for the first time.
func (d *Device) kernel(name string) (uintptr, error) {
	file := kernel.Of(name, d.dots, d.tensor)
	if f, found := d.kernels.functions[file]; found {
		return f, nil
	}
	code, err := kernel.Code(file)
	if err != nil {
		return 0, err
	}
	var module, f uintptr
	log := make([]byte, errorLogSize)
	options := [2]int32{optionErrorLog, optionErrorLogSize}
	values := [2]uintptr{uintptr(unsafe.Pointer(&log[0])), errorLogSize}
	r := d.moduleLoadDataEx.call(uintptr(unsafe.Pointer(&module)), uintptr(unsafe.Pointer(&code[0])),
		uintptr(len(options)), uintptr(unsafe.Pointer(&options[0])), uintptr(unsafe.Pointer(&values[0])))
	if err := r.check("compiling the kernel " + file); err != nil {
		said, _, _ := strings.Cut(string(log), "\x00")
		return 0, d.failIfLost(fmt.Errorf("%s: %w (the compiler of the driver: %q)", d.info.Name, err, strings.TrimSpace(said)))
	}
	entry := append([]byte(kernel.Entry(file)), 0)
	if err := d.moduleGetFunction.call(uintptr(unsafe.Pointer(&f)), module, uintptr(unsafe.Pointer(&entry[0]))).check("finding the kernel " + file); err != nil {
		return 0, d.failIfLost(err)
	}
	if d.kernels.functions == nil {
		d.kernels.modules, d.kernels.functions = map[string]uintptr{}, map[string]uintptr{}
	}
	d.kernels.modules[file], d.kernels.functions[file] = module, f
	return f, nil
}

func (k *kernels) close(d *Device) {
	for _, module := range k.modules {
		d.moduleUnload.call(module)
	}
	*k = kernels{}
}

// parameters are those of a kernel: Parameters of kernel/device.h.
type parameters struct {
	own    [plan.Params + plan.Bindings]uint32
	places [plan.Bindings]uint64
	// counts are the words of each binding.
	counts [plan.Bindings]uint32
}

// bind sets a binding to bytes of memory.
func (p *parameters) bind(i int, s span, from, to uint64) {
	p.places[i] = uint64(s.at) + from
	p.counts[i] = uint32((to - from) / 4)
}

// launch asks for a run of a kernel.
func (d *Device) launch(part plan.Dispatch, p *parameters) error {
	f, err := d.kernel(part.Kernel)
	if err != nil {
		return err
	}
	if err := d.begin(part.Work); err != nil {
		return err
	}
	list := [1]unsafe.Pointer{unsafe.Pointer(p)}
	g := part.Groups
	return d.fail(d.launchKernel.call(f, uintptr(g[0]), uintptr(g[1]), uintptr(g[2]), groupThreads, 1, 1, 0, d.stream.handle,
		uintptr(unsafe.Pointer(&list[0])), 0).check("starting the kernel " + part.Kernel))
}
