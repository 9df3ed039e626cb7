//go:build wasmtime

package bigstack

/*
#include <pthread.h>
#include <stdint.h>

// The engine's own function, which its Go binding does not show. It is weak because
// this package is compiled without the engine's library.
extern void wasmtime_config_async_stack_size_set(void *config, uint64_t bytes) __attribute__((weak));

static int thetaBigstackAllow(void *config, uint64_t bytes) {
	if (!wasmtime_config_async_stack_size_set) return 0;
	wasmtime_config_async_stack_size_set(config, bytes);
	return 1;
}

extern void thetaBigstackEnter(uintptr_t handle);

static void *thetaBigstackStart(void *handle) {
	thetaBigstackEnter((uintptr_t)handle);
	return NULL;
}

static int thetaBigstackRun(uintptr_t handle, size_t bytes) {
	pthread_attr_t attributes;
	pthread_t thread;
	int failed = pthread_attr_init(&attributes);
	if (failed) return failed;
	failed = pthread_attr_setstacksize(&attributes, bytes);
	if (!failed) failed = pthread_create(&thread, &attributes, thetaBigstackStart, (void *)handle);
	pthread_attr_destroy(&attributes);
	return failed ? failed : pthread_join(thread, NULL);
}
*/
import "C"

import (
	"fmt"
	"runtime/cgo"
	"syscall"
	"unsafe"
)

// Allow lets an engine with the configuration behind the pointer use stacks of the given
// number of bytes. It reports whether the library has the necessary function.
func Allow(config unsafe.Pointer, bytes uint64) bool {
	return C.thetaBigstackAllow(config, C.uint64_t(bytes)) != 0
}

// call is a function with the value of its panic.
type call struct {
	f      func()
	panics any
}

//export thetaBigstackEnter
func thetaBigstackEnter(handle C.uintptr_t) {
	c := cgo.Handle(handle).Value().(*call)
	defer func() { c.panics = recover() }()
	c.f()
}

// Run calls f on a new thread with a stack of the given number of bytes, waits for its end,
// and repeats its panic. C code that Go calls runs on the stack of its thread.
func Run(bytes uint64, f func()) error {
	c := &call{f: f}
	handle := cgo.NewHandle(c)
	defer handle.Delete()
	if failed := C.thetaBigstackRun(C.uintptr_t(handle), C.size_t(bytes)); failed != 0 {
		return fmt.Errorf("start a thread with a stack of %d bytes: %w", bytes, syscall.Errno(failed))
	}
	if c.panics != nil {
		panic(c.panics)
	}
	return nil
}
