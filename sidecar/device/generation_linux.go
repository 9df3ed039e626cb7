package device

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// NVIDIAGeneration names the instance of the NVIDIA driver that the kernel has loaded: the number of
// its folder, which the kernel does not use again. It returns "" if the driver is not loaded. root is
// the root of the file system.
func NVIDIAGeneration(root string) string {
	info, err := os.Stat(filepath.Join(root, "sys/module/nvidia"))
	if err != nil {
		return ""
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return strconv.FormatUint(stat.Ino, 10)
}
