// Package bigstack makes programs run on stacks of a given size: in wazero, and in builds
// with the tag wasmtime on threads.
package bigstack

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/tetratelabs/wazero/api"
)

// Give makes a function of wazero's compiler run on this stack, and end when it is used up.
// wazero has no setting for that: it begins with 10 KiB and doubles them until they are over
// 50,000,000 bytes, so that the sizes of the first frames decide whether the last stack has
// 50 or 100 MB, and copies each stack into the next. The stack must be over 50,000,000 bytes,
// which wazero does not replace, and stay until the last call is over. A function that does
// not have the fields of wazero's type is an error.
func Give(f api.Function, stack []byte) error {
	engine := reflect.ValueOf(f)
	if engine.Kind() != reflect.Pointer || engine.Elem().Kind() != reflect.Struct || len(stack) == 0 {
		return fmt.Errorf("expected a function of wazero's compiler and a stack, found %T and %d bytes", f, len(stack))
	}
	last := uintptr(unsafe.Pointer(&stack[len(stack)-1])) //nolint:gosec // an address to align
	engine = engine.Elem()
	for _, field := range []struct {
		of    reflect.Value
		name  string
		value any
	}{
		{engine, "stack", stack},
		// Aligned as calls need it.
		{engine, "stackTop", last &^ 15},
		{engine.FieldByName("execCtx"), "stackBottomPtr", &stack[0]},
	} {
		if err := setField(field.of, field.name, reflect.ValueOf(field.value)); err != nil {
			return fmt.Errorf("give a function of wazero its stack: %w", err)
		}
	}
	return nil
}

// setField sets a field of a struct, which may be one that its package does not export.
func setField(of reflect.Value, name string, value reflect.Value) error {
	if of.Kind() != reflect.Struct {
		return fmt.Errorf("expected a struct with the field %s, found none", name)
	}
	field := of.FieldByName(name)
	if !field.IsValid() || field.Type() != value.Type() {
		return fmt.Errorf("expected a field %s of type %s, found none", name, value.Type())
	}
	reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem().Set(value) //nolint:gosec // of the same type
	return nil
}
