// Command emulated writes the path of the library of an emulated card, for the variable THETA_CUDA_LIBRARY.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/thetaedge/theta/tensor/cuda/emulator"
)

func main() {
	folder, err := emulator.Folder()
	if err != nil {
		fmt.Fprintln(os.Stderr, "emulated:", err)
		os.Exit(1)
	}
	fmt.Println(filepath.Join(folder, "libcuda.so.1"))
}
