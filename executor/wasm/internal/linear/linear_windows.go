package linear

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

func reserve(size uint64) ([]byte, error) {
	at, err := windows.VirtualAlloc(0, uintptr(size), windows.MEM_RESERVE, windows.PAGE_NOACCESS)
	if err != nil {
		return nil, err
	}
	return unsafe.Slice((*byte)(unsafe.Add(nil, at)), size), nil
}

func commit(reserved []byte, from, to uint64) error {
	_, err := windows.VirtualAlloc(uintptr(unsafe.Pointer(&reserved[from])), uintptr(to-from), windows.MEM_COMMIT, windows.PAGE_READWRITE)
	return err
}

func release(reserved []byte) {
	_ = windows.VirtualFree(uintptr(unsafe.Pointer(&reserved[0])), 0, windows.MEM_RELEASE)
}
