//! Stamps the plugin version and date into the build.

fn main() {
    gst_plugin_version_helper::info();
}
