package app_test

import (
	"fmt"
	"math"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	beacontypes "github.com/thetaedge/theta/x/beacon/types"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
	tallytypes "github.com/thetaedge/theta/x/tally/types"
)

// moduleParams are the parameters of a module.
type moduleParams interface{ Validate() error }

// everyParams returns the default parameters of this chain's modules, by the name of the
// module.
func everyParams() map[string]moduleParams {
	beacon, compute, edgenode := beacontypes.DefaultParams(), computetypes.DefaultParams(), edgenodetypes.DefaultParams()
	feemarket, rewards, tally := feemarkettypes.DefaultParams(), rewardstypes.DefaultParams(), tallytypes.DefaultParams()
	return map[string]moduleParams{
		"beacon": &beacon, "compute": &compute, "edgenode": &edgenode, "feemarket": &feemarket, "rewards": &rewards,
		"tally": &tally,
	}
}

// jsonName returns the name of a field in proposals and queries.
func jsonName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return name
}

// eachNumber calls visit for the numbers of a message, and of the messages in it, by their
// names: "jail.fault_window".
func eachNumber(prefix string, message reflect.Value, visit func(name string, number reflect.Value)) {
	for i := range message.NumField() {
		field, name := message.Field(i), prefix+jsonName(message.Type().Field(i))
		switch field.Kind() {
		case reflect.Uint32, reflect.Uint64, reflect.Int32, reflect.Int64:
			visit(name, field)
		case reflect.Struct:
			if field.Type().PkgPath() == message.Type().PkgPath() {
				eachNumber(name+".", field, visit)
			}
		case reflect.Slice:
			if field.Len() > 0 && field.Index(0).Kind() == reflect.Struct {
				eachNumber(name+"[0].", field.Index(0), visit)
			}
		default:
		}
	}
}

// A proposal cannot set a number so high that the module's arithmetic ends the chain: each
// number is refused at its type's highest value, alone and with valid others.
func TestEveryNumberOfTheParametersIsBounded(t *testing.T) {
	unbounded := map[string]string{
		"compute.denoms[0].bond_numerator":         "a reward whose value does not fit is refused when it is posted",
		"compute.denoms[0].bond_denominator":       "a reward worth nothing is refused when it is posted",
		"edgenode.classes[0].minimum.cpu_cores":    "a class that no machine reaches stays empty",
		"edgenode.classes[0].minimum.memory_bytes": "a class that no machine reaches stays empty",
	}
	for module, params := range everyParams() {
		require.NoError(t, params.Validate(), module)
		seen := 0
		eachNumber(module+".", reflect.ValueOf(params).Elem(), func(name string, number reflect.Value) {
			seen++
			kept := reflect.ValueOf(number.Interface())
			switch number.Kind() {
			case reflect.Uint32, reflect.Uint64:
				number.SetUint(math.MaxUint64 >> (64 - number.Type().Bits()))
			default:
				number.SetInt(math.MaxInt64 >> (64 - number.Type().Bits()))
			}
			err := params.Validate()
			if reason, expected := unbounded[name]; expected {
				require.NoError(t, err, "%s is bounded now: take it out of the list (%s)", name, reason)
			} else {
				assert.Error(t, err, "%s: expected Validate to refuse %v; give it a bound", name, number.Interface())
			}
			number.Set(kept)
		})
		require.Positive(t, seen, module)
	}
}

// A voter finds each parameter in the README of its module.
func TestEveryParameterIsInTheReadmeOfItsModule(t *testing.T) {
	for module, params := range everyParams() {
		page, err := os.ReadFile(fmt.Sprintf("../x/%s/README.md", module))
		require.NoError(t, err)
		_, section, found := strings.Cut(string(page), "\n## Params\n")
		require.True(t, found, "x/%s/README.md: expected a section Params", module)
		section, _, _ = strings.Cut(section, "\n## ")
		kind := reflect.TypeOf(params).Elem()
		for i := range kind.NumField() {
			name := jsonName(kind.Field(i))
			row := regexp.MustCompile("(?m)^\\|[^|]*`" + name + "[`.]")
			require.True(t, row.MatchString(section), "x/%s/README.md: expected a row for the parameter %s", module, name)
		}
	}
}
