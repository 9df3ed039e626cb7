package cuda

import (
	"os"
	"regexp"
	"strings"
)

// release returns the version of the driver, which the API does not tell; empty if it is not known.
func release() string {
	if text, err := os.ReadFile("/sys/module/nvidia/version"); err == nil {
		return strings.TrimSpace(string(text))
	}
	text, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return ""
	}
	return releaseOf(string(text))
}

// releaseOf returns the version that the list of mapped files tells. On Linux the name of the driver's library ends
// with it. In WSL, the whole path of the library stands for it, because a folder of the path changes with the driver.
func releaseOf(maps string) string {
	if found := regexp.MustCompile(`/libcuda\.so\.(\d{3,}\.[\d.]+)`).FindStringSubmatch(maps); found != nil {
		return found[1]
	}
	return regexp.MustCompile(`/\S*/libcuda\.so\.\S+`).FindString(maps)
}
