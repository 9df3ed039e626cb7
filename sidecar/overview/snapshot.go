package overview

import "time"

// Format is the version of the JSON form of a snapshot. It changes when an old reader would
// misunderstand a new snapshot.
const Format = 1

// Snapshot says how a node is at a moment. Amounts are decimal numbers of base units; an empty
// amount is not known.
type Snapshot struct {
	Format int       `json:"format"`
	At     time.Time `json:"at"`

	Version  string `json:"version"`
	ChainID  string `json:"chain_id"`
	Operator string `json:"operator"`
	Worker   string `json:"worker"`
	Moniker  string `json:"moniker"`
	Class    string `json:"class"`

	// Mode is the activity of the daemon, and Status the status of the node on the chain.
	Mode   string `json:"mode"`
	Status string `json:"status"`
	// Height is the last block that the daemon has seen, and HeightAt the time of that.
	Height   int64     `json:"height"`
	HeightAt time.Time `json:"height_at,omitzero"`

	// Update says what is done about updates of the program; it is empty if there is nothing to say.
	Update string `json:"update"`

	// Why contains what holds for the node, worst first. It is empty if the daemon could not say.
	Why []Finding `json:"why"`
	// Held contains the rules of the owner that hold the machine back.
	Held []Hold `json:"held"`

	Slots     uint32 `json:"slots"`
	UsedSlots uint32 `json:"used_slots"`
	Running   uint32 `json:"running"`

	// Today and Week are the sums of this day and of the last seven days, of this machine's
	// calendar; Total is the sum of all days that are kept.
	Today Sums `json:"today"`
	Week  Sums `json:"week"`
	Total Sums `json:"total"`

	// Chain is what the chain knows about the node. It is nil if there is no node or the chain was
	// not asked yet.
	Chain *OnChain `json:"chain,omitempty"`

	Cards []Card `json:"cards"`
	// Readings are those of the machine's sensors, without the ones that see nothing.
	Readings []Reading `json:"readings"`
}

// Finding is one cause why a node earns what it earns.
type Finding struct {
	Cause    string `json:"cause"`
	Sentence string `json:"sentence"`
	Cure     string `json:"cure"`
}

// Hold is a rule of the owner that holds the machine back.
type Hold struct {
	Rule     string    `json:"rule"`
	Sentence string    `json:"sentence"`
	Action   string    `json:"action"`
	Since    time.Time `json:"since,omitzero"`
}

// Sums are sums of the assignments that ended in a time.
type Sums struct {
	// Ended is the number of assignments that ended, Paid of those that were paid, and Faults of
	// those that cost bond.
	Ended  uint64 `json:"ended"`
	Paid   uint64 `json:"paid"`
	Faults uint64 `json:"faults"`
	// Pay is the gross pay, Lost the bond that was lost, and Earned the operator's part of the pay, with
	// what came from the bonds of others, less what was lost. Earned may be negative; it is empty if
	// the chain's split is not known. Pay of grants counts when the result is accepted, although the chain
	// holds it and it is void if the grant is revoked before it has matured.
	Pay    string `json:"pay"`
	Lost   string `json:"lost"`
	Earned string `json:"earned"`
	// EnergyMillijoules is the measured energy.
	EnergyMillijoules uint64 `json:"energy_millijoules"`
}

// OnChain is what the chain knows about a node.
type OnChain struct {
	// At is the time at which the chain was asked.
	At     time.Time `json:"at"`
	Status string    `json:"status"`
	Bond   string    `json:"bond"`
	Locked string    `json:"locked"`
	// LeaseEnd is a height. LeaseSeconds is the time until then, 0 if it is over, and LeaseFullSeconds
	// what a renewal gives; both are 0 if the time between blocks is not known.
	LeaseEnd         int64 `json:"lease_end"`
	LeaseSeconds     int64 `json:"lease_seconds"`
	LeaseFullSeconds int64 `json:"lease_full_seconds"`
	// JailUntil is a height; 0 for a node that is not jailed.
	JailUntil int64 `json:"jail_until"`
	// Missed, Wrong and Silent count faults.
	Missed uint64 `json:"missed"`
	Wrong  uint64 `json:"wrong"`
	Silent uint64 `json:"silent"`
	// Grant is the fee grant to the worker. It is nil if the chain did not say.
	Grant *Grant `json:"grant,omitempty"`
}

// copied returns what a snapshot may keep: the next one may show the same answer of the chain.
func (c *OnChain) copied() *OnChain {
	if c == nil {
		return nil
	}
	out := *c
	if c.Grant != nil {
		grant := *c.Grant
		out.Grant = &grant
	}
	return &out
}

// Grant is the fee grant of an operator to a worker.
type Grant struct {
	// None reports that there is no grant.
	None bool `json:"none"`
	// Left is what may still be spent; it is empty if there is no limit.
	Left string `json:"left"`
	// Expires is zero for a grant without an end.
	Expires time.Time `json:"expires,omitzero"`
}

// Card is a graphics card. A number that is absent was not measured.
type Card struct {
	ID              string `json:"id"`
	Model           string `json:"model"`
	Healthy         bool   `json:"healthy"`
	Ailment         string `json:"ailment"`
	Cure            string `json:"cure"`
	MilliCelsius    *int64 `json:"millicelsius,omitempty"`
	Milliwatts      *int64 `json:"milliwatts,omitempty"`
	BusyPercent     *int64 `json:"busy_percent,omitempty"`
	MemoryUsedBytes *int64 `json:"memory_used_bytes,omitempty"`
}

// Reading is what a sensor of the machine reports: "cpu" in "%", "temperature" in "°C" or "power"
// in "W".
type Reading struct {
	Name  string  `json:"name"`
	Unit  string  `json:"unit"`
	Value float64 `json:"value"`
}

// Reading returns the value of a sensor.
func (s *Snapshot) Reading(name string) (float64, bool) {
	for _, r := range s.Readings {
		if r.Name == name {
			return r.Value, true
		}
	}
	return 0, false
}

// Celsius returns the temperature of the hottest part that is measured.
func (s *Snapshot) Celsius() (float64, bool) {
	hottest, known := s.Reading("temperature")
	for _, card := range s.Cards {
		if card.MilliCelsius != nil {
			if c := float64(*card.MilliCelsius) / 1000; !known || c > hottest {
				hottest, known = c, true
			}
		}
	}
	return hottest, known
}

// Watts returns the power of what is measured: of all energy counters together if the machine
// has some, and otherwise of its graphics cards.
func (s *Snapshot) Watts() (float64, bool) {
	if watts, known := s.Reading("power"); known {
		return watts, true
	}
	sum, known := 0.0, false
	for _, card := range s.Cards {
		if card.Milliwatts != nil {
			sum, known = sum+float64(*card.Milliwatts)/1000, true
		}
	}
	return sum, known
}
