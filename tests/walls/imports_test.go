package walls

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNoImportCrossesAWall(t *testing.T) {
	packages, err := list([]string{"-tags=pebbledb,system,sims"}, "./...")
	require.NoError(t, err)
	for _, wall := range Walls() {
		t.Run(wall.Name, func(t *testing.T) {
			require.True(t, slices.ContainsFunc(packages, func(p Package) bool { return wall.Of(ours(p.ImportPath)) }),
				"the wall stands around no package: adjust it to how the tree has changed")
			require.Empty(t, wall.Breaches(packages))
		})
	}
}

// TestEveryWallCanFail gives each wall an import that it has to refuse.
func TestEveryWallCanFail(t *testing.T) {
	crossings := map[string]struct {
		importer, imported string
		deep, test         bool
	}{
		"consensus code imports no app, binary, sidecar, client or test fixture":                          {importer: "x/compute/keeper", imported: Module + "/blob"},
		"a keeper imports no other keeper":                                                                {importer: "x/compute/keeper", imported: Module + "/x/edgenode/keeper"},
		"types import no keeper and no module":                                                            {importer: "x/compute/types", imported: Module + "/x/edgenode"},
		"the rounds of a task know no store and no keeper":                                                {importer: "x/compute/round", imported: "cosmossdk.io/collections"},
		"what modules share knows no module":                                                              {importer: "x/internal/isolated", imported: Module + "/x/beacon/types", deep: true},
		"the app imports no binary, sidecar, client or test fixture":                                      {importer: "app", imported: Module + "/testutil/apptest"},
		"app/params is light: it imports nothing of the module":                                           {importer: "app/params", imported: Module + "/x/compute/types"},
		"thetad runs neither a sidecar nor a relay":                                                       {importer: "cmd/thetad/cmd", imported: Module + "/sidecar/agent"},
		"thetaedge links no consensus code":                                                               {importer: "cmd/thetaedge", imported: Module + "/x/compute/keeper", deep: true},
		"the sidecar imports only types, the client and app/params":                                       {importer: "sidecar/agent", imported: Module + "/app", deep: true},
		"bids are decided on facts alone":                                                                 {importer: "sidecar/bid", imported: Module + "/sidecar/store"},
		"executors, workers, devices, the owner's rules, journal, blobs and relay know nothing of Cosmos": {importer: "sidecar/store", imported: "github.com/cosmos/gogoproto/proto", test: true},
		"the client links no consensus code, no sidecar and no relay":                                     {importer: "client", imported: Module + "/relay", deep: true},
		"what sends transactions knows no job, relay or daemon":                                           {importer: "client/tx", imported: Module + "/client", deep: true},
		"what relays and their clients agree on knows neither of them":                                    {importer: "blob", imported: Module + "/blob/transfer"},
		"the list of servers that an owner allows knows nothing of the module":                            {importer: "blob/hosts", imported: Module + "/blob/transfer", deep: true},
		"relays and their clients do not import each other, and no daemon":                                {importer: "blob/transfer", imported: Module + "/relay"},
		"tensors rest on the standard library, and tensor/vulkan and tensor/cuda on purego":               {importer: "tensor/ref", imported: "github.com/ebitengine/purego"},
		"models rest on tensors and on what reads text":                                                   {importer: "models/convert", imported: Module + "/executor"},
		"floats and integers of a model share no code, so that one can check the other":                   {importer: "models/float", imported: Module + "/models/decoder"},
		"a program that runs models knows no files of weights and no converter":                           {importer: "models/decoder", imported: Module + "/models/checkpoint", deep: true},
		"what says why the system refuses knows nothing of the module":                                    {importer: "internal/osfault", imported: Module + "/client"},
		"only tests import testutil":                                                                      {importer: "client", imported: Module + "/testutil/apptest"},
		"only tests execute kernels of a card on the processor":                                           {importer: "tensor/backend", imported: Module + "/tensor/cuda/emulator"},
		"only tests draw random messages":                                                                 {importer: "app", imported: Module + "/x/compute/simulation"},
		"nothing imports the tests":                                                                       {importer: "client", imported: Module + "/tests/devnet", test: true},
		"examples rest on tensors alone, and the one that runs models uses those":                         {importer: "examples/textgen/model", imported: "cosmossdk.io/math"},
		"x/beacon knows no module above it":                                                               {importer: "x/beacon/keeper", imported: Module + "/x/edgenode/types", deep: true},
		"x/edgenode knows no module above it":                                                             {importer: "x/edgenode/types", imported: Module + "/x/compute/types"},
		"x/compute knows no module above it":                                                              {importer: "x/compute/types", imported: Module + "/x/rewards/types"},
		"x/rewards knows no module above it":                                                              {importer: "x/rewards/types", imported: Module + "/x/feemarket/types"},
		"x/feemarket knows no module above it":                                                            {importer: "x/feemarket/types", imported: Module + "/x/tally/types"},
	}
	for _, wall := range Walls() {
		t.Run(wall.Name, func(t *testing.T) {
			crossing, ok := crossings[wall.Name]
			require.True(t, ok, "the wall needs a crossing here that it refuses")
			p := Package{ImportPath: Module + "/" + crossing.importer}
			require.Empty(t, wall.Breaches([]Package{p}))
			switch {
			case crossing.deep:
				p.Deps = []string{crossing.imported}
			case crossing.test:
				p.XTestImports = []string{crossing.imported}
			default:
				p.Imports = []string{crossing.imported}
			}
			require.Equal(t, []string{crossing.importer + " imports " + crossing.imported}, wall.Breaches([]Package{p}))
		})
	}
}

func TestTestsMayImportTestutil(t *testing.T) {
	p := Package{ImportPath: Module + "/client", XTestImports: []string{Module + "/testutil/apptest"}}
	for _, wall := range Walls() {
		require.Empty(t, wall.Breaches([]Package{p}), wall.Name)
	}
}
