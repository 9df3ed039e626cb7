package walls

import (
	"fmt"
	"slices"
	"strings"
)

// Wall is a rule about what some packages of the module may import. Paths are relative to the
// module. A package belongs to a house if its path is that of the house or below it.
type Wall struct {
	// Name is the rule in words.
	Name string
	// Of reports whether the rule applies to a package.
	Of func(path string) bool
	// Allows reports whether such a package may import another, by its full path.
	Allows func(importer, imported string) bool
	// Deep reports whether the rule applies to indirect imports too.
	Deep bool
	// Tests reports whether the rule applies to the imports of tests too.
	Tests bool
}

// in reports whether a package belongs to one of the houses.
func in(path string, houses ...string) bool {
	return slices.ContainsFunc(houses, func(house string) bool {
		return path == house || strings.HasPrefix(path, house+"/")
	})
}

// within returns a function that reports whether a package belongs to one of the houses.
func within(houses ...string) func(string) bool {
	return func(path string) bool { return in(path, houses...) }
}

// nothingOf returns a rule that forbids houses of the module.
func nothingOf(houses ...string) func(string, string) bool {
	return func(_, imported string) bool { return !in(ours(imported), houses...) }
}

// modules returns the chain's own modules, lowest first. Each may use the types of those
// before it.
func modules() []string {
	return []string{"beacon", "edgenode", "compute", "rewards", "feemarket", "tally"}
}

// Walls returns the walls of the repository.
func Walls() []Wall {
	return slices.Concat(chainWalls(), offChainWalls(), plainWalls(), testWalls(), floors())
}

// chainWalls protect consensus code.
func chainWalls() []Wall {
	return []Wall{
		{
			Name: "consensus code imports no app, binary, sidecar, client or test fixture",
			Of:   within("x"), Allows: nothingOf("app", "cmd", "sidecar", "client", "drand", "blob", "relay", "executor", "tensor", "models", "testutil", "tests", "examples"),
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
			Of:   within("app"), Allows: nothingOf("cmd", "sidecar", "client", "drand", "blob", "relay", "executor", "tensor", "models", "testutil", "tests", "examples"),
		},
		{
			Name: "app/params is light: it imports nothing of the module",
			Of:   within("app/params"), Allows: func(_, imported string) bool { return ours(imported) == "" },
		},
	}
}

// offChainWalls protect the binaries, the sidecar and the client.
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
			Name: "bids are decided on facts alone",
			Of:   within("sidecar/bid"), Allows: func(_, imported string) bool {
				switch path := ours(imported); {
				case path != "":
					return isTypes(path)
				case strings.Contains(imported, "."):
					return imported == "cosmossdk.io/math" || imported == "github.com/cosmos/cosmos-sdk/types"
				}
				return !in(imported, "context", "crypto/rand", "io", "log", "math/rand", "net", "os", "runtime", "sync", "syscall")
			},
		},
		{
			Name: "executors, workers, devices, the owner's rules, journal, blobs and relay know nothing of Cosmos",
			Of:   within("executor", "sidecar/worker", "sidecar/device", "sidecar/owner", "sidecar/store", "blob", "relay"),
			Allows: func(_, imported string) bool {
				return !isCosmos(imported) && !in(ours(imported), "x", "app", "client")
			},
			Deep: true, Tests: true,
		},
		{
			Name: "what sends transactions knows no job, relay or daemon",
			Of:   within("client/grpcnode", "client/tx"),
			Allows: func(_, imported string) bool {
				path := ours(imported)
				return path == "" || path == "app/params" || isTypes(path) || typesMayUse(path) || in(path, "client/grpcnode")
			},
			Deep: true,
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
			Name: "the list of servers that an owner allows knows nothing of the module",
			Of:   within("blob/hosts"), Allows: func(_, imported string) bool { return ours(imported) == "" },
			Deep: true,
		},
		{
			Name: "relays and their clients do not import each other, and no daemon",
			Of:   within("blob/transfer", "relay"), Allows: func(importer, imported string) bool {
				path := ours(imported)
				return path == "" || path == importer || path == "blob" || in(path, "blob/throughput", "internal/osfault", "executor/manifest") ||
					importer == "blob/transfer" && path == "blob/hosts"
			},
		},
	}
}

// plainWalls protect packages that every house may use.
func plainWalls() []Wall {
	return []Wall{
		{
			Name: "tensors rest on the standard library, and tensor/vulkan and tensor/cuda on purego",
			Of:   within("tensor"), Allows: func(importer, imported string) bool {
				return in(ours(imported), "tensor") || !strings.Contains(imported, ".") || imported == "golang.org/x/sys/cpu" ||
					in(importer, "tensor/vulkan", "tensor/cuda") && imported == "github.com/ebitengine/purego"
			},
		},
		{
			Name: "models rest on tensors and on what reads text",
			Of:   within("models"), Allows: func(importer, imported string) bool {
				return in(ours(imported), "models", "tensor") || !strings.Contains(imported, ".") ||
					in(imported, "github.com/dlclark/regexp2", "golang.org/x/text/unicode/norm") ||
					importer == "models/chat/jinja" && in(imported, "github.com/nikolalohinski/gonja")
			},
		},
		{
			Name: "floats and integers of a model share no code, so that one can check the other",
			Of:   within("models/float"), Allows: func(_, imported string) bool {
				return ours(imported) == "" || ours(imported) == "models/checkpoint"
			},
		},
		{
			Name: "a program that runs models knows no files of weights and no converter",
			Of:   within("models/decoder", "models/format"), Allows: func(_, imported string) bool {
				return ours(imported) == "" || in(ours(imported), "models/decoder", "models/format", "tensor")
			},
			Deep: true,
		},
		{
			Name: "what says why the system refuses knows nothing of the module",
			Of:   within("internal/osfault", "cmd/thetad/watchdog"),
			Allows: func(importer, imported string) bool {
				return ours(imported) == "" || ours(imported) == importer
			},
		},
	}
}

// testWalls keep code for tests, and for demonstrations, apart from the rest.
func testWalls() []Wall {
	return []Wall{
		{
			Name: "only tests import testutil",
			Of:   func(path string) bool { return !in(path, "testutil", "tests") }, Allows: nothingOf("testutil"),
		},
		{
			Name: "only tests execute kernels of a card on the processor",
			Of:   func(path string) bool { return !in(path, "tests") }, Allows: nothingOf("tensor/cuda/emulator"),
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
			Name: "examples rest on tensors alone, and the one that runs models uses those",
			Of:   within("examples"), Allows: func(importer, imported string) bool {
				return ours(imported) == "" && !isCosmos(imported) || in(ours(imported), "examples", "tensor") ||
					in(importer, "examples/llm") && in(ours(imported), "models")
			},
			Deep: true,
		},
	}
}

// floors order the modules: each is below those that may use its types.
func floors() []Wall {
	var walls []Wall
	for i, module := range modules() {
		if above := modules()[i+1:]; len(above) > 0 {
			walls = append(walls, downward(module, above))
		}
	}
	return walls
}

// downward forbids a module to import those above it.
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

// isCosmos reports whether a package belongs to the chain's stack.
func isCosmos(path string) bool {
	return in(path, "cosmossdk.io", "github.com/cosmos", "github.com/cometbft")
}

// noConsensus allows what off-chain code needs: types, but neither keepers nor the app.
func noConsensus(_, imported string) bool {
	path := ours(imported)
	if in(path, "app") {
		return path == "app/params"
	}
	return !in(path, "x") || isTypes(path) || typesMayUse(path)
}

// Breaches returns each import that the wall forbids, ordered by package.
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
