{% for module in modules %}
{%- if module == "expand" || module == "http" || module == "grpc" %}
pub mod {{ module }};
{%- else if module == "mock" %}
#[cfg(feature = "mock")]
mod mock;
{%- else %}
mod {{ module }};
{%- endif %}
{%- endfor %}
{% for export in exports %}
pub use {{ export.0 }}::{{ export.1 }};
{%- endfor %}
{% if !mock.is_empty() %}
#[cfg(feature = "mock")]
pub use mock::{{ mock }};
{% endif %}
