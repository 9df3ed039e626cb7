// Package bigstack makes programs run on stacks of a given size. It does this in wazero and,
// in builds with the tag wasmtime, on threads.
package bigstack

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/tetratelabs/wazero/api"
)

// Give makes a function of wazero's compiler run on this stack, and end when the stack is used
// up. wazero does not have a setting for this: it begins with 10 KiB and doubles the stack
// until it is over 50,000,000 bytes. The sizes of the first frames therefore determine whether
// the last stack has 50 or 100 MB, and wazero copies each stack into the next. The given stack
// must be over 50,000,000 bytes, because wazero does not replace such a stack, and must stay
// until the last call is over. If a function does not have the fields of wazero's type, Give
// returns an error.
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
		// The address is aligned as calls need it.
		{engine, "stackTop", last &^ 15},
		{engine.FieldByName("execCtx"), "stackBottomPtr", &stack[0]},
	} {
		if err := setField(field.of, field.name, reflect.ValueOf(field.value)); err != nil {
			return fmt.Errorf("give a function of wazero its stack: %w", err)
		}
	}
	return nil
}

// setField sets a field of a struct, even if its package does not export the field.
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
