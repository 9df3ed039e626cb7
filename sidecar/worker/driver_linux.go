package worker

import (
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/thetaedge/theta/tensor/cuda"
)

// maxDriverDescriptors is the number of descriptors that a process with a driver may have open.
const maxDriverDescriptors = 1024

// driverCalls returns the system calls that drivers need in addition to those of programs: requests
// to device nodes, files without a name, and the order of threads.
func driverCalls() []string {
	return []string{
		"ioctl", "memfd_create", "kcmp", "flock", "mlock", "mlock2", "munlock", "getpriority", "setpriority",
		"sched_getparam", "sched_getscheduler", "sched_setaffinity", "sched_setscheduler", "getresuid", "getresgid",
		"get_mempolicy", "set_mempolicy", "mbind", "timerfd_create", "timerfd_settime",
	}
}

// hasNodes reports whether the machine has nodes of graphics cards that compute.
func hasNodes() bool {
	render, err1 := filepath.Glob("/dev/dri/renderD*")
	nvidia, err2 := filepath.Glob("/dev/nvidia[0-9]*")
	// In WSL, one node stands for all cards.
	wsl, err3 := filepath.Glob("/dev/dxg")
	return err1 == nil && err2 == nil && err3 == nil && len(render)+len(nvidia)+len(wsl) > 0
}

// driverFiles returns what drivers use: the nodes that compute, never those that drive a display; the
// lists of drivers, but not those of layers; and what the kernel says about hardware.
func driverFiles(environ []string) []allowance {
	var list []allowance
	add := func(access uint64, paths ...string) {
		for _, path := range paths {
			list = append(list, allowance{path, access})
		}
	}
	for _, pattern := range []string{"/dev/dri/renderD*", "/dev/nvidiactl", "/dev/nvidia[0-9]*", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/dxg"} {
		found, err := filepath.Glob(pattern)
		if err == nil {
			add(useNode, found...)
		}
	}
	add(useNode, "/dev/null")
	add(readFile, "/dev/zero", "/dev/urandom")
	// The folder lists card0 too, which cannot be opened.
	add(unix.LANDLOCK_ACCESS_FS_READ_DIR, "/dev/dri")
	add(readTree, "/dev/nvidia-caps", "/proc/driver/nvidia", "/proc/devices", "/proc/cpuinfo", "/proc/meminfo", "/proc/modules", "/proc/self",
		"/sys/devices", "/sys/dev/char", "/sys/class/drm", "/sys/bus/pci", "/sys/module/nvidia", "/sys/module/nvidia_uvm",
		"/etc/vulkan/icd.d", "/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/usr/local/etc/vulkan/icd.d",
		"/etc/drirc", "/usr/share/drirc.d", "/usr/share/libdrm", "/usr/share/nvidia", "/etc/nvidia")
	add(execTree, "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache")
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		switch {
		case name == cuda.LibraryVariable && value != "":
			add(execTree, filepath.Dir(value))
		case namesDriver(name):
			add(readTree, filepath.SplitList(value)...)
		}
	}
	return list
}
