package config_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/config"
)

// TestADaemonTakesOverExactlyTheSettingsThatAreReloadable changes each setting alone.
func TestADaemonTakesOverExactlyTheSettingsThatAreReloadable(t *testing.T) {
	keys, err := config.Keys()
	require.NoError(t, err)
	changed := map[string]bool{}
	fields := reflect.TypeFor[config.Config]()
	for i := range fields.NumField() {
		for j := range fields.Field(i).Type.NumField() {
			running, next := config.Default(), config.Default()
			other(t, reflect.ValueOf(&next).Elem().Field(i).Field(j))
			differ := next.Differences(running)
			require.Len(t, differ, 1)
			key := differ[0]
			changed[key] = true
			require.Contains(t, keys, key)
			after := running.Reloaded(next)
			if config.Reloadable(key) {
				require.Empty(t, after.Differences(next), key)
			} else {
				require.Empty(t, after.Differences(running), key)
				require.Equal(t, []string{key}, after.Differences(next))
			}
		}
	}
	require.Len(t, changed, len(keys))
	require.True(t, config.Reloadable("policy.min-rewards"))
	require.True(t, config.Reloadable("owner.hours"))
	require.False(t, config.Reloadable("policy.max-jobs"))
	require.False(t, config.Reloadable("chain.grpc"))
}

// other gives a setting another value.
func other(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int, reflect.Int64, reflect.Int32:
		v.SetInt(v.Int() + 1)
	case reflect.Uint64, reflect.Uint32:
		v.SetUint(v.Uint() + 1)
	case reflect.Float64:
		v.SetFloat(v.Float() + 1)
	case reflect.Slice:
		v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
	default:
		t.Fatalf("expected a kind of a setting, found %s", v.Kind())
	}
}
