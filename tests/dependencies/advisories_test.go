// Package dependencies requires that the versions of the dependencies on which consensus
// relies are those that a maintainer has reviewed.
package dependencies

import (
	_ "embed"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
	"golang.org/x/mod/modfile"
)

//go:embed advisories.yaml
var list []byte

// dependency describes what was reviewed of one module.
type dependency struct {
	Module  string `yaml:"module"`
	Version string `yaml:"version"`
	Date    string `yaml:"date"`
	// Read says what was read.
	Read       string `yaml:"read"`
	Advisories []struct {
		ID      string `yaml:"id"`
		Verdict string `yaml:"verdict"`
	} `yaml:"advisories"`
}

// critical returns the modules without which the list is not complete: consensus, its storage
// and its cryptography, and code that runs or parses bytes from strangers.
func critical() []string {
	return []string{
		"github.com/cometbft/cometbft", "github.com/cosmos/cosmos-sdk", "github.com/cosmos/cosmos-sdk/store/v2",
		"github.com/cosmos/iavl", "github.com/cosmos/ics23/go", "cosmossdk.io/math", "cosmossdk.io/collections",
		"github.com/cosmos/gogoproto", "google.golang.org/protobuf", "google.golang.org/grpc",
		"golang.org/x/crypto", "github.com/drand/kyber", "github.com/drand/kyber-bls12381",
		"github.com/tetratelabs/wazero",
	}
}

func TestNoDependencyOfConsensusMovesUnread(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	require.NoError(t, err)
	mod, err := modfile.Parse("go.mod", content, nil)
	require.NoError(t, err)
	versions := make(map[string]string)
	for _, r := range mod.Require {
		versions[r.Mod.Path] = r.Mod.Version
	}
	for _, r := range mod.Replace {
		versions[r.Old.Path] = r.New.Path + "@" + r.New.Version
	}
	var read []dependency
	require.NoError(t, yaml.Unmarshal(list, &read))
	listed := make(map[string]bool)
	for _, d := range read {
		require.NotEmpty(t, d.Read, "%s: say what was read", d.Module)
		day, err := time.Parse(time.DateOnly, d.Date)
		require.NoError(t, err, d.Module)
		require.True(t, day.Before(time.Now().AddDate(0, 0, 2)), "%s was looked at in the future", d.Module)
		for _, a := range d.Advisories {
			require.NotEmpty(t, a.ID, d.Module)
			require.NotEmpty(t, a.Verdict, "%s: %s", d.Module, a.ID)
		}
		require.False(t, listed[d.Module], "%s stands twice in the list", d.Module)
		listed[d.Module] = true
		require.Contains(t, versions, d.Module, "nothing requires it any more: take it off the list")
		require.Equal(t, versions[d.Module], d.Version,
			"%s has moved: read its changelog and its security pages between the two versions, then change advisories.yaml", d.Module)
	}
	for _, module := range critical() {
		require.True(t, listed[module], "%s is not in advisories.yaml", module)
	}
}
