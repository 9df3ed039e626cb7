// Multiply reads a matrix of 8 bits from /in/a and one from /in/w into tensors, multiplies them and
// writes the product to /out/product.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"unsafe"
)

//go:wasmimport theta_tensor_1 alloc
func alloc(kind uint32, count uint64) uint32

//go:wasmimport theta_tensor_1 free
func free(handle uint32)

//go:wasmimport theta_tensor_1 read
func read(handle uint32, offset uint64, p unsafe.Pointer, length uint32)

//go:wasmimport theta_tensor_1 load
func load(fd int32, position uint64, handle uint32, offset, length uint64) uint32

//go:wasmimport theta_tensor_1 submit
func submit(records unsafe.Pointer, count uint32)

const s8, s32 = 2, 4

func main() {
	if err := multiply(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func multiply() error {
	var sizes [3]uint32
	for i := range sizes {
		size, err := strconv.Atoi(os.Args[1+i])
		if err != nil {
			return err
		}
		sizes[i] = uint32(size)
	}
	m, n, k := sizes[0], sizes[1], sizes[2]
	a, err := matrix("/in/a", uint64(m)*uint64(k))
	if err != nil {
		return err
	}
	w, err := matrix("/in/w", uint64(n)*uint64(k))
	if err != nil {
		return err
	}
	out := alloc(s32, uint64(m)*uint64(n))
	words := [40]uint32{0: 1, 2: a, 5: w, 8: out, 20: 1, 21: m, 22: n, 23: k}
	record := make([]byte, 0, 160)
	for _, word := range words {
		record = binary.LittleEndian.AppendUint32(record, word)
	}
	submit(unsafe.Pointer(&record[0]), 1)
	product := make([]byte, 4*m*n)
	read(out, 0, unsafe.Pointer(&product[0]), uint32(len(product)))
	free(a)
	return os.WriteFile("/out/product", product, 0o600)
}

// matrix loads a file into a tensor.
func matrix(path string, count uint64) (uint32, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	handle := alloc(s8, count)
	if errno := load(int32(file.Fd()), 0, handle, 0, count); errno != 0 {
		return 0, fmt.Errorf("expected %d bytes in %s, found error %d", count, path, errno)
	}
	return handle, nil
}
