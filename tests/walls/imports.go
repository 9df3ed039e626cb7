package walls

import (
	"fmt"
	"slices"
	"strings"
)

// Wall says what some packages of the module may not import. Paths are relative
// to the module; a package lies in a house when its path is the house's or below.
type Wall struct {
	// Name is the rule in words.
	Name string
	// Of picks the packages it stands around.
	Of func(path string) bool
	// Allows says whether such a package may import another, by its full path.
	Allows func(importer, imported string) bool
	// Deep judges all packages below, not only the direct imports.
	Deep bool
	// Tests judges the imports of tests as well.
	Tests bool
}

// in says whether a package lies in one of the houses.
func in(path string, houses ...string) bool {
	return slices.ContainsFunc(houses, func(house string) bool {
		return path == house || strings.HasPrefix(path, house+"/")
	})
}

// within returns the function that picks packages of the houses.
func within(houses ...string) func(string) bool {
	return func(path string) bool { return in(path, houses...) }
}

// nothingOf forbids houses of the module.
func nothingOf(houses ...string) func(string, string) bool {
	return func(_, imported string) bool { return !in(ours(imported), houses...) }
}

// modules are the chain's own modules, lowest first: each may know the types of
// those before it.
func modules() []string { return []string{"beacon", "edgenode", "compute", "rewards", "feemarket"} }

// Walls are the walls of the repository.
func Walls() []Wall {
	return slices.Concat(chainWalls(), offChainWalls(), plainWalls(), testWalls(), floors())
}

// chainWalls stand around consensus code.
func chainWalls() []Wall {
	return []Wall{
		{
			Name: "consensus code imports no app, binary, sidecar, client or test fixture",
			Of:   within("x"), Allows: nothingOf("app", "cmd", "sidecar", "client", "drand", "blob", "relay", "executor", "testutil", "tests", "examples"),
		},
		{
			Name: "a keeper imports no other keeper",
			Of:   isKeeper, Allows: func(importer, imported string) bool {
				return !isKeeper(ours(imported)) || ours(imported) == importer
			},
		},
		{
			Name: "types import no keeper and no module",
			Of:   isTypes, Allows: func(_, imported string) bool {
				path := ours(imported)
				return !in(path, "x") || isTypes(path) || typesMayUse(path)
			},
		},
		{
			Name: "the rounds of a task know no store and no keeper",
			Of:   within("x/compute/round"), Allows: func(_, imported string) bool {
				if path := ours(imported); path != "" {
					return isTypes(path)
				}
				return !in(imported, "cosmossdk.io/collections", "cosmossdk.io/core/store", "cosmossdk.io/store", "github.com/cosmos/cosmos-sdk/store")
			},
		},
		{
			Name: "what modules share knows no module",
			Of:   within("x/internal"), Allows: func(_, imported string) bool {
				return ours(imported) == "" || in(ours(imported), "x/internal")
			},
			Deep: true,
		},
		{
			Name: "the app imports no binary, sidecar, client or test fixture",
			Of:   within("app"), Allows: nothingOf("cmd", "sidecar", "client", "drand", "blob", "relay", "executor", "testutil", "tests", "examples"),
		},
		{
			Name: "app/params is light: it imports nothing of the module",
			Of:   within("app/params"), Allows: func(_, imported string) bool { return ours(imported) == "" },
		},
	}
}

// offChainWalls stand around the binaries, the sidecar and the client.
func offChainWalls() []Wall {
	return []Wall{
		{
			Name: "thetad runs neither a sidecar nor a relay",
			Of:   within("cmd/thetad"), Allows: nothingOf("sidecar", "relay", "testutil", "tests", "examples"),
		},
		{
			Name: "thetaedge links no consensus code",
			Of:   within("cmd/thetaedge"), Allows: noConsensus, Deep: true,
		},
		{
			Name: "the sidecar imports only types, the client and app/params",
			Of:   within("sidecar"), Allows: noConsensus, Deep: true,
		},
		{
			Name: "executors, workers, devices, journal, blobs and relay know nothing of Cosmos",
			Of:   within("executor", "sidecar/worker", "sidecar/device", "sidecar/store", "blob", "relay"),
			Allows: func(_, imported string) bool {
				return !isCosmos(imported) && !in(ours(imported), "x", "app", "client")
			},
			Deep: true, Tests: true,
		},
		{
			Name: "the client links no consensus code, no sidecar and no relay",
			Of:   within("client", "drand"), Allows: func(importer, imported string) bool {
				return noConsensus(importer, imported) && !in(ours(imported), "sidecar", "relay")
			},
			Deep: true,
		},
		{
			Name: "what relays and their clients agree on knows neither of them",
			Of:   func(path string) bool { return path == "blob" }, Allows: func(_, imported string) bool { return ours(imported) == "" },
		},
		{
			Name: "relays and their clients do not import each other, and no daemon",
			Of:   within("blob/transfer", "relay"), Allows: func(importer, imported string) bool {
				path := ours(imported)
				return path == "" || path == importer || path == "blob" || in(path, "blob/throughput", "internal/osfault", "executor/manifest")
			},
		},
	}
}

// plainWalls stand around what every house may use.
func plainWalls() []Wall {
	return []Wall{
		{
			Name: "what says why the system refuses knows nothing of the module",
			Of:   within("internal/osfault", "cmd/thetad/watchdog"),
			Allows: func(importer, imported string) bool {
				return ours(imported) == "" || ours(imported) == importer
			},
		},
	}
}

// testWalls keep what is for tests, and for show, apart from the rest.
func testWalls() []Wall {
	return []Wall{
		{
			Name: "only tests import testutil",
			Of:   func(path string) bool { return !in(path, "testutil", "tests") }, Allows: nothingOf("testutil"),
		},
		{
			Name: "only tests draw random messages",
			Of:   func(path string) bool { return !in(path, "testutil", "tests") }, Allows: func(_, imported string) bool {
				return !in(ours(imported), "x") || !strings.HasSuffix(imported, "/simulation")
			},
		},
		{
			Name: "nothing imports the tests",
			Of:   func(path string) bool { return !in(path, "tests") }, Allows: nothingOf("tests"), Tests: true,
		},
		{
			Name: "examples stand alone",
			Of:   within("examples"), Allows: func(_, imported string) bool {
				return ours(imported) == "" && !isCosmos(imported) || in(ours(imported), "examples")
			},
			Deep: true,
		},
	}
}

// floors put each module below those that may know its types.
func floors() []Wall {
	var walls []Wall
	for i, module := range modules() {
		if above := modules()[i+1:]; len(above) > 0 {
			walls = append(walls, downward(module, above))
		}
	}
	return walls
}

// downward forbids a module to know those above it.
func downward(module string, above []string) Wall {
	houses := make([]string, len(above))
	for i, m := range above {
		houses[i] = "x/" + m
	}
	return Wall{
		Name: fmt.Sprintf("x/%s knows no module above it", module),
		Of:   within("x/" + module), Allows: nothingOf(houses...), Deep: true,
	}
}

func isKeeper(path string) bool { return in(path, "x") && strings.HasSuffix(path, "/keeper") }

func isTypes(path string) bool { return in(path, "x") && strings.HasSuffix(path, "/types") }

// typesMayUse reports whether types may import a package that holds no types: it imports
// nothing of the module itself.
func typesMayUse(path string) bool { return in(path, "x/beacon/bls", "x/internal/eventjson") }

// isCosmos says whether a package belongs to the chain's stack.
func isCosmos(path string) bool {
	return in(path, "cosmossdk.io", "github.com/cosmos", "github.com/cometbft")
}

// noConsensus allows what runs off chain: types, but neither keepers nor the app.
func noConsensus(_, imported string) bool {
	path := ours(imported)
	if in(path, "app") {
		return path == "app/params"
	}
	return !in(path, "x") || isTypes(path) || typesMayUse(path)
}

// Breaches returns each import that the wall forbids, in order of packages.
func (w Wall) Breaches(packages []Package) []string {
	var breaches []string
	for _, p := range packages {
		importer := ours(p.ImportPath)
		if importer == "" || !w.Of(importer) {
			continue
		}
		imports := slices.Clone(p.Imports)
		if w.Deep {
			imports = append(imports, p.Deps...)
		}
		if w.Tests {
			imports = append(append(imports, p.TestImports...), p.XTestImports...)
		}
		slices.Sort(imports)
		for _, imported := range slices.Compact(imports) {
			if !w.Allows(importer, imported) {
				breaches = append(breaches, importer+" imports "+imported)
			}
		}
	}
	return breaches
}
