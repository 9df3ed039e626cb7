package cuda

import (
	"fmt"
	"unsafe"
)

// function is the address of a function of the driver.
type function uintptr

// call calls a function. Pointers have to be converted to uintptr in the list of arguments, so that what they
// point to stays where it is until the function returns.
//
//go:uintptrescapes
func (f function) call(args ...uintptr) result {
	return result(int32(invoke(uintptr(f), args...)))
}

// functions are those of the driver.
type functions struct {
	init, driverGetVersion                                                          function
	deviceGetCount, deviceGet, deviceGetName, deviceGetUUID                         function
	deviceGetAttribute, deviceTotalMem                                              function
	ctxCreate, ctxDestroy, ctxSetCurrent                                            function
	memAlloc, memFree, memHostAlloc, memFreeHost                                    function
	memsetD32Async, memcpyHtoDAsync, memcpyDtoHAsync                                function
	moduleLoadDataEx, moduleUnload, moduleGetFunction, launchKernel                 function
	streamCreate, streamDestroy, eventCreate, eventDestroy, eventRecord, eventQuery function
}

// named is a place for the address of a function, with the names that it has in libraries, the best one first.
type named struct {
	place *function
	names []string
}

func (f *functions) named() []named {
	return []named{
		{&f.init, []string{"cuInit"}},
		{&f.driverGetVersion, []string{"cuDriverGetVersion"}},
		{&f.deviceGetCount, []string{"cuDeviceGetCount"}},
		{&f.deviceGet, []string{"cuDeviceGet"}},
		{&f.deviceGetName, []string{"cuDeviceGetName"}},
		// The second one tells apart the parts that a card is divided into (MIG).
		{&f.deviceGetUUID, []string{"cuDeviceGetUuid_v2", "cuDeviceGetUuid"}},
		{&f.deviceGetAttribute, []string{"cuDeviceGetAttribute"}},
		{&f.deviceTotalMem, []string{"cuDeviceTotalMem_v2"}},
		{&f.ctxCreate, []string{"cuCtxCreate_v2"}},
		{&f.ctxDestroy, []string{"cuCtxDestroy_v2"}},
		{&f.ctxSetCurrent, []string{"cuCtxSetCurrent"}},
		{&f.memAlloc, []string{"cuMemAlloc_v2"}},
		{&f.memFree, []string{"cuMemFree_v2"}},
		{&f.memHostAlloc, []string{"cuMemHostAlloc"}},
		{&f.memFreeHost, []string{"cuMemFreeHost"}},
		{&f.memsetD32Async, []string{"cuMemsetD32Async"}},
		{&f.memcpyHtoDAsync, []string{"cuMemcpyHtoDAsync_v2"}},
		{&f.memcpyDtoHAsync, []string{"cuMemcpyDtoHAsync_v2"}},
		{&f.moduleLoadDataEx, []string{"cuModuleLoadDataEx"}},
		{&f.moduleUnload, []string{"cuModuleUnload"}},
		{&f.moduleGetFunction, []string{"cuModuleGetFunction"}},
		{&f.launchKernel, []string{"cuLaunchKernel"}},
		{&f.streamCreate, []string{"cuStreamCreate"}},
		{&f.streamDestroy, []string{"cuStreamDestroy_v2"}},
		{&f.eventCreate, []string{"cuEventCreate"}},
		{&f.eventDestroy, []string{"cuEventDestroy_v2"}},
		{&f.eventRecord, []string{"cuEventRecord"}},
		{&f.eventQuery, []string{"cuEventQuery"}},
	}
}

// LibraryVariable is the variable of the environment that names the library of the driver by its path, where the
// loader of the system does not find it. It has no effect on Windows.
const LibraryVariable = "THETA_CUDA_LIBRARY"

// oldest is the oldest version of the API whose compiler knows all of the kernels: 11.0, of the drivers from 450 on.
const oldest = 11000

// driver is the driver of the machine.
type driver struct {
	functions

	// api is the version of the API: 1,000 times the major number plus ten times the minor one.
	api int32
	// release is the version of the driver; empty if it is not known.
	release string
}

// openDriver opens the library of the driver.
func openDriver() (*driver, error) {
	lookup, err := load()
	if err != nil {
		return nil, err
	}
	d := &driver{}
	if err := d.resolve(lookup); err != nil {
		return nil, err
	}
	if err := d.driverGetVersion.call(uintptr(unsafe.Pointer(&d.api))).check("asking for the version of CUDA"); err != nil {
		return nil, err
	}
	if d.api < oldest {
		return nil, fmt.Errorf("%w: expected CUDA %s or newer, found %s; update the driver of the card", ErrNotAvailable, apiText(oldest), apiText(d.api))
	}
	if err := d.init.call(0).check("beginning to use CUDA"); err != nil {
		return nil, err
	}
	d.release = release()
	return d, nil
}

// resolve looks up functions.
func (f *functions) resolve(lookup func(name string) uintptr) error {
	for _, n := range f.named() {
		for _, name := range n.names {
			if *n.place = function(lookup(name)); *n.place != 0 {
				break
			}
		}
		if *n.place == 0 {
			return fmt.Errorf("%w: expected the function %s in the library of the driver, found none; update the driver", ErrNotAvailable, n.names[0])
		}
	}
	return nil
}

func apiText(v int32) string { return fmt.Sprintf("%d.%d", v/1000, v%1000/10) }
