package tensor

// Work says how much an operation does, by its shape alone.
type Work struct {
	// Products is the number of products of eight bits, with weights for wider ones.
	Products uint64
	// Steps is about the number of simple instructions in everything else.
	Steps uint64
}

// Costs of fuel. They are part of the profile.
const (
	// FuelLaunch is the cost of each record, and of each other call in addition to its bytes.
	FuelLaunch = 20_000
	// ProductsPerFuel is the number of products for a unit.
	ProductsPerFuel = 4
	// BytesPerFuel is the number of bytes for a unit that are written, read or zeroed.
	BytesPerFuel = 2
)

// WorkOf returns the work of an operation, at most 2^64 - 1 of each kind.
func WorkOf(op Op) Work { return op.work() }

// Fuel returns the cost of an operation, at most 2^64 - 1.
func Fuel(op Op) uint64 {
	w := op.work()
	return sum(FuelLaunch, w.Products/ProductsPerFuel, w.Steps)
}

// FuelOf returns the cost of a submission, at most 2^64 - 1.
func FuelOf(ops []Op) uint64 {
	total := uint64(FuelLaunch)
	for _, op := range ops {
		total = sum(total, Fuel(op))
	}
	return total
}

// FuelForBytes returns the cost of a call that allocates, writes or reads bytes.
func FuelForBytes(bytes uint64) uint64 { return sum(FuelLaunch, bytes/BytesPerFuel) }
