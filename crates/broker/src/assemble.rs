//! From a configuration to what serves calls: providers with their credentials, built-in models, recordings.

use crate::catalogue::Catalogue;
use crate::live::Live;
use jeton_project::{Api, CredentialSource, Secret, SecretRef, Snapshot};
use jeton_upstream::{
    AwsKey, BUILT_IN_TWINS, Credential, Provider, ProviderConfig, ProviderKind, Replay, ReplayConfig, Secret as UpstreamSecret, Twin, TwinConfig,
};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// The model inside Jeton.
const LOCAL_MODELS: [&str; 1] = ["extract"];

/// What making a configuration ready needs besides the configuration.
pub struct Surroundings<'a> {
    /// Where relative paths start.
    pub project_dir: &'a Path,
    /// The environment.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// What was in use before: its connections, and what was seen of its providers, live on.
    pub previous: Option<&'a Live>,
}

impl std::fmt::Debug for Surroundings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings").field("project_dir", &self.project_dir).finish_non_exhaustive()
    }
}

impl Live {
    /// Makes `snapshot` ready for calls.
    ///
    /// # Errors
    /// Every mistake that reading alone cannot find (a secret that is not there, a recording that cannot be read), a
    /// sentence each. No secret is named.
    pub fn assemble(snapshot: Arc<Snapshot>, around: &Surroundings<'_>) -> Result<Self, Vec<String>> {
        let mut mistakes = Vec::new();
        let mut providers = BTreeMap::new();
        let mut listed = BTreeMap::new();
        for (name, config) in &snapshot.providers {
            match provider(name, config, around) {
                Ok((provider, models)) => {
                    providers.insert(name.clone(), provider);
                    listed.insert(name.clone(), models);
                }
                Err(why) => mistakes.push(format!("providers.{name}: {why}")),
            }
        }
        if mistakes.is_empty() { Ok(Self::new(snapshot, providers, &listed)) } else { Err(mistakes) }
    }
}

impl Catalogue {
    /// The models that `snapshot` has, found without its secrets: enough to say what can be asked for, not to ask.
    ///
    /// # Errors
    /// Every provider whose models cannot be told (a recording that cannot be read), a sentence each.
    pub fn of_names(snapshot: &Arc<Snapshot>, project_dir: &Path) -> Result<Self, Vec<String>> {
        let around = Surroundings { project_dir, env: &|_| None, previous: None };
        let (mut mistakes, mut providers, mut listed) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        for (name, config) in &snapshot.providers {
            let built = kind(name, config, &around, None).and_then(|(kind, models)| {
                let credential = Credential::None;
                let config = ProviderConfig { name: name.clone(), kind, base_url: config.base_url.clone(), credential, headers: Vec::new() };
                Ok((Arc::new(Provider::new(config, None)?), models))
            });
            match built {
                Ok((provider, models)) => {
                    providers.insert(name.clone(), provider);
                    listed.insert(name.clone(), models);
                }
                Err(why) => mistakes.push(format!("providers.{name}: {why}")),
            }
        }
        if mistakes.is_empty() { Ok(Self::new(snapshot, &providers, &listed)) } else { Err(mistakes) }
    }
}

type Built = (Arc<Provider>, Vec<String>);

fn provider(name: &str, config: &jeton_project::Provider, around: &Surroundings<'_>) -> Result<Built, String> {
    let previous = around.previous.and_then(|live| live.providers().get(name));
    let (kind, models) = kind(name, config, around, previous)?;
    let credential = credential(config, around)?;
    let headers = config
        .headers
        .iter()
        .map(|(header, value)| Ok((header.clone(), value.resolve(around.project_dir, around.env)?.expose().to_owned())))
        .collect::<Result<_, String>>()?;
    let config = ProviderConfig { name: name.to_owned(), kind, base_url: config.base_url.clone(), credential, headers };
    let provider = Provider::new(config, previous.map(AsRef::as_ref))?;
    Ok((Arc::new(provider), models))
}

fn credential(config: &jeton_project::Provider, around: &Surroundings<'_>) -> Result<Credential, String> {
    let resolved = |secret: &SecretRef| Ok::<_, String>(upstream_secret(&secret.resolve(around.project_dir, around.env)?));
    if let (Some(id), Some(secret)) = (&config.aws.access_key_id, &config.aws.secret_access_key) {
        let region =
            config.aws.region.clone().or_else(|| region_of(&config.base_url)).ok_or("the region cannot be read out of `base_url`: name it in `aws.region`")?;
        let session_token = config.aws.session_token.as_ref().map(resolved).transpose()?;
        return Ok(Credential::Aws(AwsKey { region, access_key_id: resolved(id)?, secret_access_key: resolved(secret)?, session_token }));
    }
    Ok(match (config.credential, &config.api_key) {
        (CredentialSource::Caller, _) => Credential::Caller,
        (CredentialSource::Own, None) => Credential::None,
        (CredentialSource::Own, Some(key)) => {
            let secret = key.resolve(around.project_dir, around.env)?;
            // An access token is one word; the key file of a service account is a JSON document.
            let is_key_file = config.api == Api::Vertex && secret.expose().trim_start().starts_with('{');
            if is_key_file { Credential::ServiceAccount(upstream_secret(&secret)) } else { Credential::Own(upstream_secret(&secret)) }
        }
    })
}

/// The region in an address of Bedrock (`bedrock-runtime.REGION.amazonaws.com`, also with `-fips`).
fn region_of(base_url: &str) -> Option<String> {
    let host = base_url.split_once("://")?.1.split(['/', ':']).next()?;
    let region = host.strip_prefix("bedrock-runtime")?.split('.').nth(1)?;
    Some(region.to_owned()).filter(|region| !region.is_empty())
}

fn kind(
    name: &str,
    config: &jeton_project::Provider,
    around: &Surroundings<'_>,
    previous: Option<&Arc<Provider>>,
) -> Result<(ProviderKind, Vec<String>), String> {
    match config.api {
        Api::Openai => Ok((ProviderKind::OpenAi, Vec::new())),
        Api::Anthropic => Ok((ProviderKind::Anthropic, Vec::new())),
        Api::Gemini => Ok((ProviderKind::Gemini, Vec::new())),
        Api::Vertex => Ok((ProviderKind::Vertex, Vec::new())),
        Api::Bedrock => Ok((ProviderKind::Bedrock, Vec::new())),
        Api::Azure => Ok((ProviderKind::Azure { api_version: config.api_version.clone() }, Vec::new())),
        Api::Local => Ok((ProviderKind::Local, LOCAL_MODELS.map(str::to_owned).to_vec())),
        Api::Twin => {
            let settings: TwinConfig = match &config.twin {
                serde_json::Value::Null => TwinConfig::default(),
                given => serde_json::from_value(given.clone()).map_err(|error| format!("twin: {error}"))?,
            };
            settings.check().map_err(|mistakes| format!("twin: {}", mistakes.join("; ")))?;
            let models = if !config.models.is_empty() {
                Vec::new()
            } else if settings == TwinConfig::default() {
                BUILT_IN_TWINS.map(str::to_owned).to_vec()
            } else {
                vec![name.to_owned()]
            };
            // A twin counts its calls; a change elsewhere in the configuration must not begin its script anew.
            let twin = match previous.map(|provider| provider.kind()) {
                Some(ProviderKind::Twin(twin)) if *twin.config() == settings => Arc::clone(twin),
                _ => Arc::new(Twin::new(settings)),
            };
            Ok((ProviderKind::Twin(twin), models))
        }
        Api::Replay => {
            let replay = Replay::new(ReplayConfig { directory: around.project_dir.join(&config.replay_dir), pace: jeton_upstream::Pace::Instant });
            let models = replay.models().map_err(|error| error.to_string())?;
            Ok((ProviderKind::Replay(Arc::new(replay)), models))
        }
    }
}

fn upstream_secret(secret: &Secret) -> UpstreamSecret {
    UpstreamSecret::new(secret.expose())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_stands_in_the_address_of_bedrock() {
        assert_eq!(region_of("https://bedrock-runtime.eu-central-1.amazonaws.com").as_deref(), Some("eu-central-1"));
        assert_eq!(region_of("https://bedrock-runtime-fips.us-east-1.amazonaws.com/").as_deref(), Some("us-east-1"));
        assert_eq!(region_of("http://127.0.0.1:9"), None);
    }
}
