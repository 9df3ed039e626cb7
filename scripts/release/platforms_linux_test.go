package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEachPlatformThatTheScriptsInstallIsPacked: a line that finds no archive is a dead end for its reader.
func TestEachPlatformThatTheScriptsInstallIsPacked(t *testing.T) {
	makefile, err := os.ReadFile("Makefile")
	require.NoError(t, err)
	named := regexp.MustCompile(`(?m)^SIDECAR_PLATFORMS \?= (.+)$`).FindStringSubmatch(string(makefile))
	require.NotNil(t, named)
	packed := append(strings.Fields(named[1]), "linux/amd64")
	script, err := os.ReadFile(filepath.Join("scripts", "install.sh"))
	require.NoError(t, err)
	values := func(name string) (list []string) {
		for _, found := range regexp.MustCompile(`\) `+name+`=([a-z0-9]+) ;;`).FindAllStringSubmatch(string(script), -1) {
			list = append(list, found[1])
		}
		require.Len(t, list, 2, name)
		return list
	}
	for _, system := range values("os") {
		for _, arch := range values("arch") {
			require.Contains(t, packed, system+"/"+arch)
		}
	}
	require.Contains(t, packed, "windows/amd64", "install.ps1")
}
