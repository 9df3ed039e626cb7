package types

import (
	"strconv"
	"strings"
)

// maxVersionPart bounds each number of a version.
const maxVersionPart = 999_999

// CheckMinVersion accepts the parameter min_version: empty, or three decimal numbers without leading
// zeros, such as "1.4.0". Releases have such names; builds between two releases do not.
func CheckMinVersion(version string) error {
	if version == "" {
		return nil
	}
	parts := strings.Split(version, ".")
	valid := len(parts) == 3
	for _, part := range parts {
		n, err := strconv.ParseUint(part, 10, 32)
		valid = valid && err == nil && n <= maxVersionPart && strconv.FormatUint(n, 10) == part
	}
	if !valid {
		return ErrInvalidParams.Wrapf("min_version: expected nothing, or three numbers of at most %d such as \"1.4.0\", found %.40q", maxVersionPart, version)
	}
	return nil
}
